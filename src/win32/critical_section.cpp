// SPDX-License-Identifier: MIT
#include "win32/srw_lock.h"
#include "win32/win32.h"

#include <atomic>

#include "os/clock.h"
#include "os/futex.h"

namespace ring3::win32 {
namespace {

// The lock word lives where Windows keeps a semaphore that is made on contention.
SrwWord& WordOf(LPCRITICAL_SECTION section) {
  return SrwWord::Of(reinterpret_cast<PSRWLOCK>(&section->LockSemaphore));
}

std::atomic_ref<HANDLE> OwnerOf(LPCRITICAL_SECTION section) {
  return std::atomic_ref<HANDLE>(section->OwningThread);
}

HANDLE Self() {
  static thread_local char identity;
  return &identity;
}

bool EnterAgain(LPCRITICAL_SECTION section) {
  if (OwnerOf(section).load(std::memory_order_relaxed) != Self()) return false;
  ++section->RecursionCount;
  return true;
}

void BecomeOwner(LPCRITICAL_SECTION section) {
  OwnerOf(section).store(Self(), std::memory_order_relaxed);
  section->RecursionCount = 1;
}

// A condition variable is a count of wakes in the low half of its word.
std::atomic<uint32_t>& SequenceOf(PCONDITION_VARIABLE variable) {
  return *reinterpret_cast<std::atomic<uint32_t>*>(variable);
}

// Returns false when the time ran out. `unlock` and `lock` are of the lock that protects the condition.
template <typename Unlock, typename Lock>
bool SleepOn(PCONDITION_VARIABLE variable, DWORD milliseconds, Unlock unlock, Lock lock) {
  const uint32_t seen = SequenceOf(variable).load(std::memory_order_seq_cst);
  unlock();
  bool woken = true;
  if (milliseconds == INFINITE) {
    os::FutexWait(SequenceOf(variable), seen);
  } else {
    woken =
        os::FutexWait(SequenceOf(variable), seen, os::MonotonicNs() + int64_t{milliseconds} * 1'000'000) !=
        os::FutexResult::kTimedOut;
  }
  lock();
  return woken;
}

}  // namespace

extern "C" {

BOOL InitializeCriticalSectionEx(LPCRITICAL_SECTION section, DWORD dwSpinCount, DWORD) {
  *section = {};
  section->LockCount = -1;
  section->SpinCount = dwSpinCount;
  return TRUE;
}

VOID InitializeCriticalSection(LPCRITICAL_SECTION section) {
  InitializeCriticalSectionEx(section, 0, 0);
}

BOOL InitializeCriticalSectionAndSpinCount(LPCRITICAL_SECTION section, DWORD dwSpinCount) {
  return InitializeCriticalSectionEx(section, dwSpinCount, 0);
}

VOID EnterCriticalSection(LPCRITICAL_SECTION section) {
  if (EnterAgain(section)) return;
  WordOf(section).LockExclusive();
  BecomeOwner(section);
}

BOOL TryEnterCriticalSection(LPCRITICAL_SECTION section) {
  if (EnterAgain(section)) return TRUE;
  if (!WordOf(section).TryLockExclusive()) return FALSE;
  BecomeOwner(section);
  return TRUE;
}

VOID LeaveCriticalSection(LPCRITICAL_SECTION section) {
  if (--section->RecursionCount > 0) return;
  OwnerOf(section).store(nullptr, std::memory_order_relaxed);
  WordOf(section).UnlockExclusive();
}

VOID DeleteCriticalSection(LPCRITICAL_SECTION section) {
  *section = {};
}

VOID InitializeConditionVariable(PCONDITION_VARIABLE ConditionVariable) {
  ConditionVariable->Ptr = nullptr;
}

BOOL SleepConditionVariableCS(PCONDITION_VARIABLE variable, PCRITICAL_SECTION section, DWORD dwMilliseconds) {
  return SleepOn(
             variable, dwMilliseconds, [&] { LeaveCriticalSection(section); },
             [&] { EnterCriticalSection(section); })
             ? TRUE
             : FailWith(ERROR_TIMEOUT);
}

BOOL SleepConditionVariableSRW(PCONDITION_VARIABLE variable, PSRWLOCK SRWLock, DWORD dwMilliseconds,
                               ULONG Flags) {
  const bool shared = (Flags & CONDITION_VARIABLE_LOCKMODE_SHARED) != 0;
  SrwWord& word = SrwWord::Of(SRWLock);
  return SleepOn(
             variable, dwMilliseconds, [&] { shared ? word.UnlockShared() : word.UnlockExclusive(); },
             [&] { shared ? word.LockShared() : word.LockExclusive(); })
             ? TRUE
             : FailWith(ERROR_TIMEOUT);
}

VOID WakeConditionVariable(PCONDITION_VARIABLE variable) {
  SequenceOf(variable).fetch_add(1, std::memory_order_seq_cst);
  os::FutexWakeOne(SequenceOf(variable));
}

VOID WakeAllConditionVariable(PCONDITION_VARIABLE variable) {
  SequenceOf(variable).fetch_add(1, std::memory_order_seq_cst);
  os::FutexWakeAll(SequenceOf(variable));
}

// https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-initonceexecuteonce
BOOL InitOnceExecuteOnce(PINIT_ONCE InitOnce, PINIT_ONCE_FN InitFn, PVOID Parameter, LPVOID* Context) {
  // The word: 0 untouched, 1 running, otherwise the context with its lowest bits 2.
  std::atomic_ref<PVOID> word(InitOnce->Ptr);
  auto& low_half = *reinterpret_cast<std::atomic<uint32_t>*>(InitOnce);
  for (;;) {
    PVOID seen = nullptr;
    if (word.compare_exchange_strong(seen, reinterpret_cast<PVOID>(1))) {
      PVOID context = nullptr;
      const BOOL done = InitFn(InitOnce, Parameter, &context);
      word.store(done ? reinterpret_cast<PVOID>(reinterpret_cast<ULONG_PTR>(context) | 2) : nullptr);
      os::FutexWakeAll(low_half);
      if (done && Context != nullptr) *Context = context;
      return done;
    }
    if (seen == reinterpret_cast<PVOID>(1)) {
      os::FutexWait(low_half, 1);
      continue;
    }
    if (Context != nullptr)
      *Context = reinterpret_cast<PVOID>(reinterpret_cast<ULONG_PTR>(seen) & ~ULONG_PTR{3});
    return TRUE;
  }
}

}  // extern "C"

}  // namespace ring3::win32
