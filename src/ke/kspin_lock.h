// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include "ke/kthread.h"

// A driver's spin lock: zero when free, else its owner's KTHREAD with the lowest bit set. Knowing the owner
// turns a recursive acquisition into a bug check where Windows hangs.
namespace ring3::ke {

inline ULONG_PTR OwnerValue(PKTHREAD thread) {
  return reinterpret_cast<ULONG_PTR>(thread) | 1;
}

void AcquireKSpinLockSlow(PKTHREAD thread, PKSPIN_LOCK lock);
[[noreturn]] void KSpinLockNotOwned(PKTHREAD thread, PKSPIN_LOCK lock);

inline bool TryAcquireKSpinLock(PKTHREAD thread, PKSPIN_LOCK lock) {
  ULONG_PTR expected = 0;
  if (!std::atomic_ref(*lock).compare_exchange_strong(expected, OwnerValue(thread),
                                                      std::memory_order_acquire)) {
    return false;
  }
  ++thread->state.spin_lock_count;
  return true;
}

// Spins. Bug check SPIN_LOCK_ALREADY_OWNED where the thread holds it. Does not look at the IRQL.
inline void AcquireKSpinLock(PKTHREAD thread, PKSPIN_LOCK lock) {
  if (!TryAcquireKSpinLock(thread, lock)) AcquireKSpinLockSlow(thread, lock);
}

// Bug check SPIN_LOCK_NOT_OWNED where the thread does not hold it.
inline void ReleaseKSpinLock(PKTHREAD thread, PKSPIN_LOCK lock) {
  std::atomic_ref value(*lock);
  if (__builtin_expect(value.load(std::memory_order_relaxed) != OwnerValue(thread), false)) {
    KSpinLockNotOwned(thread, lock);
  }
  --thread->state.spin_lock_count;
  value.store(0, std::memory_order_release);
}

// Spins a little between looks at a lock, then lets others run: with few processors the holder may be
// preempted.
class Backoff {
 public:
  void Pause();

 private:
  int spins_ = 0;
};

}  // namespace ring3::ke
