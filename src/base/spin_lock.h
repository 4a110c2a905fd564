// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include "base/lock_rank.h"
#include "base/thread_annotations.h"

namespace ring3 {

// The executive's own lock, held for a few hundred instructions at most and never across a wait, a system
// call that can block, or a call into a driver. It does not change the IRQL. A driver's KSPIN_LOCK is another
// thing.
class RING3_CAPABILITY("spin lock") SpinLock {
 public:
  explicit constexpr SpinLock(LockRank rank) : rank_(rank) {}
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  void Lock() RING3_ACQUIRE() {
    CheckBeforeLock();
    if (locked_.exchange(1, std::memory_order_acquire) != 0) LockSlow();
    NoteLocked();
  }
  void Unlock() RING3_RELEASE() {
    NoteUnlocked();
    locked_.store(0, std::memory_order_release);
  }
  bool IsLocked() const { return locked_.load(std::memory_order_relaxed) != 0; }

 private:
  void LockSlow();
#if RING3_CHECKED
  void CheckBeforeLock() const;
  void NoteLocked() const;
  void NoteUnlocked() const;
#else
  void CheckBeforeLock() const {}
  void NoteLocked() const {}
  void NoteUnlocked() const {}
#endif

  std::atomic<uint32_t> locked_{0};
  [[maybe_unused]] const LockRank rank_;  // checked builds look at it
};

class RING3_SCOPED_CAPABILITY SpinLockGuard {
 public:
  explicit SpinLockGuard(SpinLock& lock) RING3_ACQUIRE(lock) : lock_(lock) { lock_.Lock(); }
  ~SpinLockGuard() RING3_RELEASE() { lock_.Unlock(); }
  SpinLockGuard(const SpinLockGuard&) = delete;
  SpinLockGuard& operator=(const SpinLockGuard&) = delete;

 private:
  SpinLock& lock_;
};

}  // namespace ring3
