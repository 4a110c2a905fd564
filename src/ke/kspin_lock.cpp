// SPDX-License-Identifier: MIT
#include "ke/kspin_lock.h"

#include <bugcodes.h>

#include "os/thread.h"

namespace ring3::ke {

void Backoff::Pause() {
  constexpr int kSpinsBeforeYield = 100;
  if (++spins_ % kSpinsBeforeYield == 0) {
    os::YieldThread();
  } else {
    __builtin_ia32_pause();
  }
}

void AcquireKSpinLockSlow(PKTHREAD thread, PKSPIN_LOCK lock) {
  Backoff backoff;
  do {
    const ULONG_PTR owner = std::atomic_ref(*lock).load(std::memory_order_relaxed);
    if (owner == OwnerValue(thread)) {
      KeBugCheckEx(SPIN_LOCK_ALREADY_OWNED, reinterpret_cast<ULONG_PTR>(lock),
                   reinterpret_cast<ULONG_PTR>(thread), 0, 0);
    }
    if (owner != 0) backoff.Pause();
  } while (!TryAcquireKSpinLock(thread, lock));
}

void KSpinLockNotOwned(PKTHREAD thread, PKSPIN_LOCK lock) {
  KeBugCheckEx(SPIN_LOCK_NOT_OWNED, reinterpret_cast<ULONG_PTR>(lock), *lock,
               reinterpret_cast<ULONG_PTR>(thread), 0);
}

}  // namespace ring3::ke
