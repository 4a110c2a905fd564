// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/ke.h>

#include "ke/irql.h"
#include "ke/kspin_lock.h"

// Reader-writer spin locks, EX_SPIN_LOCK. The word: bit 31 an exclusive owner, bit 30 somebody waits to
// become that (new readers hold back), the rest the number of shared owners.
namespace {

using namespace ring3::ke;

constexpr ULONG kExclusive = 0x80000000;
constexpr ULONG kExclusiveWanted = 0x40000000;
constexpr ULONG kSharedMask = kExclusiveWanted - 1;

std::atomic_ref<ULONG> Word(PEX_SPIN_LOCK lock) {
  return std::atomic_ref(*reinterpret_cast<ULONG*>(lock));
}

ULONG_PTR Address(const void* p) {
  return reinterpret_cast<ULONG_PTR>(p);
}

void AcquireExclusive(PKTHREAD thread, PEX_SPIN_LOCK lock) {
  auto word = Word(lock);
  Backoff backoff;
  ULONG value = word.load(std::memory_order_relaxed);
  for (;;) {
    if ((value & ~kExclusiveWanted) == 0) {
      if (word.compare_exchange_weak(value, kExclusive, std::memory_order_acquire)) break;
      continue;
    }
    if ((value & kExclusiveWanted) == 0 &&
        !word.compare_exchange_weak(value, value | kExclusiveWanted, std::memory_order_relaxed)) {
      continue;
    }
    backoff.Pause();
    value = word.load(std::memory_order_relaxed);
  }
  ++thread->state.spin_lock_count;
}

void ReleaseExclusive(PKTHREAD thread, PEX_SPIN_LOCK lock) {
  auto word = Word(lock);
  if ((word.load(std::memory_order_relaxed) & kExclusive) == 0)
    KeBugCheckEx(SPIN_LOCK_NOT_OWNED, Address(lock), 0, 0, 0);
  --thread->state.spin_lock_count;
  word.fetch_and(~kExclusive, std::memory_order_release);
}

void AcquireShared(PKTHREAD thread, PEX_SPIN_LOCK lock) {
  auto word = Word(lock);
  Backoff backoff;
  ULONG value = word.load(std::memory_order_relaxed);
  for (;;) {
    if ((value & (kExclusive | kExclusiveWanted)) == 0) {
      if (word.compare_exchange_weak(value, value + 1, std::memory_order_acquire)) break;
      continue;
    }
    backoff.Pause();
    value = word.load(std::memory_order_relaxed);
  }
  ++thread->state.spin_lock_count;
}

void ReleaseShared(PKTHREAD thread, PEX_SPIN_LOCK lock) {
  auto word = Word(lock);
  if ((word.load(std::memory_order_relaxed) & kSharedMask) == 0)
    KeBugCheckEx(SPIN_LOCK_NOT_OWNED, Address(lock), 0, 0, 0);
  --thread->state.spin_lock_count;
  word.fetch_sub(1, std::memory_order_release);
}

PKTHREAD ThreadAtMostDispatch(PEX_SPIN_LOCK lock) {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql > DISPATCH_LEVEL) VerifierViolation(0x42, thread->state.irql, Address(lock), 0);
  return thread;
}

PKTHREAD ThreadAtLeastDispatch(PEX_SPIN_LOCK lock, ULONG_PTR violation) {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql < DISPATCH_LEVEL) VerifierViolation(violation, thread->state.irql, Address(lock), 0);
  return thread;
}

PKTHREAD ThreadAtDispatch(PEX_SPIN_LOCK lock) {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql != DISPATCH_LEVEL) VerifierViolation(0x32, thread->state.irql, Address(lock), 0);
  return thread;
}

}  // namespace

// IRQL <= DISPATCH_LEVEL; returns the IRQL before, raised to DISPATCH_LEVEL.
// (nf-wdm-exacquirespinlockexclusive)
KIRQL ExAcquireSpinLockExclusive(PEX_SPIN_LOCK SpinLock) {
  PKTHREAD thread = ThreadAtMostDispatch(SpinLock);
  const KIRQL old_irql = RaiseIrqlTo(thread, DISPATCH_LEVEL);
  AcquireExclusive(thread, SpinLock);
  return old_irql;
}

// IRQL DISPATCH_LEVEL. (nf-wdm-exreleasespinlockexclusive)
VOID ExReleaseSpinLockExclusive(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql) {
  PKTHREAD thread = ThreadAtDispatch(SpinLock);
  ReleaseExclusive(thread, SpinLock);
  LowerIrqlTo(thread, OldIrql);
}

// IRQL >= DISPATCH_LEVEL. (nf-wdm-exacquirespinlockexclusiveatdpclevel)
VOID ExAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK SpinLock) {
  AcquireExclusive(ThreadAtLeastDispatch(SpinLock, 0x40), SpinLock);
}

// IRQL >= DISPATCH_LEVEL. (nf-wdm-exreleasespinlockexclusivefromdpclevel)
VOID ExReleaseSpinLockExclusiveFromDpcLevel(PEX_SPIN_LOCK SpinLock) {
  ReleaseExclusive(ThreadAtLeastDispatch(SpinLock, 0x41), SpinLock);
}

// IRQL <= DISPATCH_LEVEL; returns the IRQL before, raised to DISPATCH_LEVEL. (nf-wdm-exacquirespinlockshared)
KIRQL ExAcquireSpinLockShared(PEX_SPIN_LOCK SpinLock) {
  PKTHREAD thread = ThreadAtMostDispatch(SpinLock);
  const KIRQL old_irql = RaiseIrqlTo(thread, DISPATCH_LEVEL);
  AcquireShared(thread, SpinLock);
  return old_irql;
}

// IRQL DISPATCH_LEVEL. (nf-wdm-exreleasespinlockshared)
VOID ExReleaseSpinLockShared(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql) {
  PKTHREAD thread = ThreadAtDispatch(SpinLock);
  ReleaseShared(thread, SpinLock);
  LowerIrqlTo(thread, OldIrql);
}

// IRQL >= DISPATCH_LEVEL. (nf-wdm-exacquirespinlocksharedatdpclevel)
VOID ExAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK SpinLock) {
  AcquireShared(ThreadAtLeastDispatch(SpinLock, 0x40), SpinLock);
}

// IRQL >= DISPATCH_LEVEL. (nf-wdm-exreleasespinlocksharedfromdpclevel)
VOID ExReleaseSpinLockSharedFromDpcLevel(PEX_SPIN_LOCK SpinLock) {
  ReleaseShared(ThreadAtLeastDispatch(SpinLock, 0x41), SpinLock);
}

// TRUE when the caller was the only shared owner and is the exclusive one now. DISPATCH_LEVEL.
// (nf-wdm-extryconvertsharedspinlockexclusive)
LOGICAL ExTryConvertSharedSpinLockExclusive(PEX_SPIN_LOCK SpinLock) {
  auto word = Word(SpinLock);
  ULONG value = word.load(std::memory_order_relaxed);
  while ((value & kSharedMask) == 1) {
    if (word.compare_exchange_weak(value, kExclusive | (value & kExclusiveWanted), std::memory_order_acq_rel))
      return TRUE;
  }
  return FALSE;
}
