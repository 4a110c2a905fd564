// SPDX-License-Identifier: MIT
#include <ddi/ke.h>

#include "ke/irql.h"
#include "ke/kspin_lock.h"

using namespace ring3::ke;

namespace {

ULONG_PTR Address(const void* p) {
  return reinterpret_cast<ULONG_PTR>(p);
}

}  // namespace

// Any IRQL. (nf-wdm-keinitializespinlock)
VOID KeInitializeSpinLock(PKSPIN_LOCK SpinLock) {
  std::atomic_ref(*SpinLock).store(0, std::memory_order_release);
}

// Raises to DISPATCH_LEVEL, acquires, returns the IRQL before. IRQL <= DISPATCH_LEVEL, else
// DRIVER_VERIFIER_DETECTED_VIOLATION 0x42. SPIN_LOCK_ALREADY_OWNED on recursion.
// (nf-wdm-keacquirespinlockraisetodpc)
KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock) {
  PKTHREAD thread = CurrentThread();
  const KIRQL old_irql = thread->state.irql;
  if (old_irql > DISPATCH_LEVEL) VerifierViolation(0x42, old_irql, Address(SpinLock), 0);
  thread->state.irql = DISPATCH_LEVEL;
  AcquireKSpinLock(thread, SpinLock);
  return old_irql;
}

// Releases and lowers the IRQL to NewIrql. IRQL DISPATCH_LEVEL, else DRIVER_VERIFIER_DETECTED_VIOLATION 0x32;
// 0x31 for a NewIrql above it; SPIN_LOCK_NOT_OWNED when the thread does not hold it.
// (nf-wdm-kereleasespinlock)
VOID KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql) {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql != DISPATCH_LEVEL) VerifierViolation(0x32, thread->state.irql, Address(SpinLock), 0);
  if (NewIrql > DISPATCH_LEVEL) VerifierViolation(0x31, thread->state.irql, NewIrql, 0);
  ReleaseKSpinLock(thread, SpinLock);
  LowerIrqlTo(thread, NewIrql);
}

// IRQL >= DISPATCH_LEVEL, else DRIVER_VERIFIER_DETECTED_VIOLATION 0x40. (nf-wdm-keacquirespinlockatdpclevel)
VOID KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock) {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql < DISPATCH_LEVEL) VerifierViolation(0x40, thread->state.irql, Address(SpinLock), 0);
  AcquireKSpinLock(thread, SpinLock);
}

// IRQL >= DISPATCH_LEVEL, else DRIVER_VERIFIER_DETECTED_VIOLATION 0x41.
// (nf-wdm-kereleasespinlockfromdpclevel)
VOID KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock) {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql < DISPATCH_LEVEL) VerifierViolation(0x41, thread->state.irql, Address(SpinLock), 0);
  ReleaseKSpinLock(thread, SpinLock);
}

// For threaded DPCs: raises to DISPATCH_LEVEL only from below. (nf-wdm-keacquirespinlockfordpc)
KIRQL KeAcquireSpinLockForDpc(PKSPIN_LOCK SpinLock) {
  PKTHREAD thread = CurrentThread();
  const KIRQL old_irql = RaiseIrqlTo(thread, DISPATCH_LEVEL);
  AcquireKSpinLock(thread, SpinLock);
  return old_irql;
}

// (nf-wdm-kereleasespinlockfordpc)
VOID KeReleaseSpinLockForDpc(PKSPIN_LOCK SpinLock, KIRQL OldIrql) {
  PKTHREAD thread = CurrentThread();
  ReleaseKSpinLock(thread, SpinLock);
  if (OldIrql != thread->state.irql) LowerIrqlTo(thread, OldIrql);
}

// TRUE when acquired, FALSE when somebody holds it. IRQL >= DISPATCH_LEVEL.
// (nf-wdm-ketrytoacquirespinlockatdpclevel)
BOOLEAN KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock) {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql < DISPATCH_LEVEL) VerifierViolation(0x40, thread->state.irql, Address(SpinLock), 0);
  return TryAcquireKSpinLock(thread, SpinLock);
}

// TRUE when nobody holds it now. Any IRQL. (nf-wdm-ketestspinlock)
BOOLEAN KeTestSpinLock(PKSPIN_LOCK SpinLock) {
  return std::atomic_ref(*SpinLock).load(std::memory_order_acquire) == 0;
}

// The queued forms use the same lock word: the handle remembers the lock and the IRQL. Fairness is not
// promised by name, and a queue in which each waiter depends on the one before being scheduled is slow
// without real processors. (nf-wdm-keacquireinstackqueuedspinlock)
VOID KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle) {
  LockHandle->LockQueue.Next = nullptr;
  LockHandle->LockQueue.Lock = SpinLock;
  LockHandle->OldIrql = KeAcquireSpinLockRaiseToDpc(SpinLock);
}

// (nf-wdm-kereleaseinstackqueuedspinlock)
VOID KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle) {
  KeReleaseSpinLock(LockHandle->LockQueue.Lock, LockHandle->OldIrql);
}

// (nf-wdm-keacquireinstackqueuedspinlockatdpclevel)
VOID KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle) {
  LockHandle->LockQueue.Next = nullptr;
  LockHandle->LockQueue.Lock = SpinLock;
  LockHandle->OldIrql = CurrentThread()->state.irql;
  KeAcquireSpinLockAtDpcLevel(SpinLock);
}

// (nf-wdm-kereleaseinstackqueuedspinlockfromdpclevel)
VOID KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle) {
  KeReleaseSpinLockFromDpcLevel(LockHandle->LockQueue.Lock);
}

// (nf-wdm-keacquireinstackqueuedspinlockfordpc)
VOID KeAcquireInStackQueuedSpinLockForDpc(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle) {
  LockHandle->LockQueue.Next = nullptr;
  LockHandle->LockQueue.Lock = SpinLock;
  LockHandle->OldIrql = KeAcquireSpinLockForDpc(SpinLock);
}

// (nf-wdm-kereleaseinstackqueuedspinlockfordpc)
VOID KeReleaseInStackQueuedSpinLockForDpc(PKLOCK_QUEUE_HANDLE LockHandle) {
  KeReleaseSpinLockForDpc(LockHandle->LockQueue.Lock, LockHandle->OldIrql);
}
