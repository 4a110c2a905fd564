// SPDX-License-Identifier: MIT
#include "win32/srw_lock.h"

#include "os/futex.h"

namespace ring3::win32 {

bool SrwWord::TryLockExclusive() {
  uint32_t free = 0;
  return state_.compare_exchange_strong(free, kExclusive, std::memory_order_acquire);
}

bool SrwWord::TryLockShared() {
  uint32_t seen = state_.load(std::memory_order_relaxed);
  while (seen < kExclusive - 1) {
    if (state_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire)) return true;
  }
  return false;
}

void SrwWord::Sleep(uint32_t seen) {
  waiters_.fetch_add(1, std::memory_order_seq_cst);
  os::FutexWait(state_, seen);
  waiters_.fetch_sub(1, std::memory_order_relaxed);
}

void SrwWord::WakeAll() {
  // A waiter that counts itself after this load finds the new state and does not sleep.
  if (waiters_.load(std::memory_order_seq_cst) != 0) os::FutexWakeAll(state_);
}

void SrwWord::LockExclusive() {
  while (!TryLockExclusive()) {
    if (const uint32_t seen = state_.load(std::memory_order_seq_cst); seen != 0) Sleep(seen);
  }
}

void SrwWord::LockShared() {
  while (!TryLockShared()) Sleep(kExclusive);
}

void SrwWord::UnlockExclusive() {
  state_.store(0, std::memory_order_seq_cst);
  WakeAll();
}

void SrwWord::UnlockShared() {
  if (state_.fetch_sub(1, std::memory_order_seq_cst) == 1) WakeAll();
}

extern "C" {

VOID InitializeSRWLock(PSRWLOCK SRWLock) {
  SRWLock->Ptr = nullptr;
}
VOID AcquireSRWLockExclusive(PSRWLOCK SRWLock) {
  SrwWord::Of(SRWLock).LockExclusive();
}
VOID AcquireSRWLockShared(PSRWLOCK SRWLock) {
  SrwWord::Of(SRWLock).LockShared();
}
BOOLEAN TryAcquireSRWLockExclusive(PSRWLOCK SRWLock) {
  return SrwWord::Of(SRWLock).TryLockExclusive();
}
BOOLEAN TryAcquireSRWLockShared(PSRWLOCK SRWLock) {
  return SrwWord::Of(SRWLock).TryLockShared();
}
VOID ReleaseSRWLockExclusive(PSRWLOCK SRWLock) {
  SrwWord::Of(SRWLock).UnlockExclusive();
}
VOID ReleaseSRWLockShared(PSRWLOCK SRWLock) {
  SrwWord::Of(SRWLock).UnlockShared();
}

}  // extern "C"

}  // namespace ring3::win32
