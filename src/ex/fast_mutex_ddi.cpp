// SPDX-License-Identifier: MIT
#include <ddi/ex.h>

#include <atomic>

#include "ex/lock_checks.h"
#include "ke/irql.h"

// Count is 1 less the number of threads that hold the mutex or wait for it; a release that finds waiters
// passes the mutex on by its synchronization event.
namespace ring3::ex {
namespace {

ULONG_PTR Bits(const void* address) {
  return reinterpret_cast<ULONG_PTR>(address);
}

void Own(PKTHREAD thread, PFAST_MUTEX mutex, KIRQL old_irql) {
  std::atomic_ref(mutex->Owner).store(thread, std::memory_order_relaxed);
  mutex->OldIrql = old_irql;
  ++thread->state.fast_mutex_count;
}

void Acquire(PKTHREAD thread, PFAST_MUTEX mutex) {
  if (std::atomic_ref(mutex->Owner).load(std::memory_order_relaxed) == thread) [[unlikely]]
    ReportLockViolation(kSelfDeadlock, mutex);
  if (std::atomic_ref(const_cast<LONG&>(mutex->Count)).fetch_sub(1, std::memory_order_acquire) == 1)
      [[likely]]
    return;
  __atomic_fetch_add(&mutex->Contention, 1, __ATOMIC_RELAXED);
  WaitForEvent(&mutex->Event);
}

// Returns the IRQL from before the acquisition.
KIRQL Release(PKTHREAD thread, PFAST_MUTEX mutex) {
  PKTHREAD owner = std::atomic_ref(mutex->Owner).load(std::memory_order_relaxed);
  if (owner != thread) [[unlikely]] {
    if (owner == nullptr) ReportLockViolation(kReleasedButNotAcquired, mutex);
    ReportLockViolation(kReleasedByOtherThread, mutex, Bits(owner), Bits(thread));
  }
  const auto old_irql = static_cast<KIRQL>(mutex->OldIrql);
  std::atomic_ref(mutex->Owner).store(nullptr, std::memory_order_relaxed);
  --thread->state.fast_mutex_count;
  if (std::atomic_ref(const_cast<LONG&>(mutex->Count)).fetch_add(1, std::memory_order_release) != 0)
      [[unlikely]]
    KeSetEvent(&mutex->Event, 0, FALSE);
  return old_irql;
}

void CheckIrqlBeforeAcquire(PKTHREAD thread, PFAST_MUTEX mutex) {
  if (thread->state.irql > APC_LEVEL) [[unlikely]]
    ReportLockIrql(kFastMutexAcquiredAboveApcLevel, thread->state.irql, Bits(mutex), 0);
}

}  // namespace
}  // namespace ring3::ex

using namespace ring3;      // NOLINT(google-build-using-namespace)
using namespace ring3::ex;  // NOLINT(google-build-using-namespace)

// Makes a free mutex. IRQL <= DISPATCH_LEVEL. wdm/nf-wdm-exinitializefastmutex
extern "C" VOID ExInitializeFastMutex(PFAST_MUTEX FastMutex) {
  FastMutex->Count = FM_LOCK_BIT;
  FastMutex->Owner = nullptr;
  FastMutex->Contention = 0;
  FastMutex->OldIrql = PASSIVE_LEVEL;
  KeInitializeEvent(&FastMutex->Event, SynchronizationEvent, FALSE);
}

// Waits for the mutex; the caller goes on at APC_LEVEL. IRQL <= APC_LEVEL, else
// DRIVER_VERIFIER_DETECTED_VIOLATION 0x33. A second acquisition by its owner, for ever waiting on Windows, is
// violation 0x1000. wdm/nf-wdm-exacquirefastmutex
extern "C" VOID ExAcquireFastMutex(PFAST_MUTEX FastMutex) {
  PKTHREAD thread = ke::CurrentThread();
  CheckIrqlBeforeAcquire(thread, FastMutex);
  const KIRQL old_irql = ke::RaiseIrqlTo(thread, APC_LEVEL);
  Acquire(thread, FastMutex);
  Own(thread, FastMutex, old_irql);
}

// TRUE, at APC_LEVEL, when the mutex was free. wdm/nf-wdm-extrytoacquirefastmutex
extern "C" BOOLEAN ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex) {
  PKTHREAD thread = ke::CurrentThread();
  CheckIrqlBeforeAcquire(thread, FastMutex);
  LONG expected = 1;
  if (!std::atomic_ref(const_cast<LONG&>(FastMutex->Count))
           .compare_exchange_strong(expected, 0, std::memory_order_acquire, std::memory_order_relaxed)) {
    return FALSE;
  }
  Own(thread, FastMutex, ke::RaiseIrqlTo(thread, APC_LEVEL));
  return TRUE;
}

// Releases and goes back to the IRQL from before. At APC_LEVEL, else violation 0x34; by the owner only, else
// 0x1004 or 0x1007. wdm/nf-wdm-exreleasefastmutex
extern "C" VOID ExReleaseFastMutex(PFAST_MUTEX FastMutex) {
  PKTHREAD thread = ke::CurrentThread();
  if (thread->state.irql != APC_LEVEL) [[unlikely]]
    ReportLockIrql(kFastMutexReleasedNotAtApcLevel, thread->state.irql,
                   static_cast<ULONG_PTR>(thread->state.kernel_apc_disable), Bits(FastMutex));
  ke::LowerIrqlTo(thread, Release(thread, FastMutex));
}

// The same without touching the IRQL: APCs are the caller's affair. wdm/nf-wdm-exacquirefastmutexunsafe
extern "C" VOID ExAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex) {
  PKTHREAD thread = ke::CurrentThread();
  CheckIrqlBeforeAcquire(thread, FastMutex);
  Acquire(thread, FastMutex);
  Own(thread, FastMutex, thread->state.irql);
}

// wdm/nf-wdm-exreleasefastmutexunsafe
extern "C" VOID ExReleaseFastMutexUnsafe(PFAST_MUTEX FastMutex) {
  Release(ke::CurrentThread(), FastMutex);
}
