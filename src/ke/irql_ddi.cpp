// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/ke.h>

#include "ke/irql.h"

using namespace ring3::ke;

namespace {

// Why a new IRQL was refused: the fourth parameter of DRIVER_VERIFIER_DETECTED_VIOLATION 0x31.
enum LowerFault : ULONG_PTR { kBadIrql = 0, kBadInsideDpc = 1 };

}  // namespace

// The IRQL of the calling thread. Any IRQL. (nf-wdm-kegetcurrentirql)
KIRQL KeGetCurrentIrql() {
  return CurrentThread()->state.irql;
}

// Raises the IRQL and returns what it was. Bug check DRIVER_VERIFIER_DETECTED_VIOLATION 0x30 where NewIrql is
// below the current one or above HIGH_LEVEL. (nf-wdm-keraiseirql)
KIRQL KfRaiseIrql(KIRQL NewIrql) {
  PKTHREAD thread = CurrentThread();
  const KIRQL old_irql = thread->state.irql;
  if (NewIrql < old_irql || NewIrql > HIGH_LEVEL) VerifierViolation(0x30, old_irql, NewIrql, 0);
  thread->state.irql = NewIrql;
  return old_irql;
}

// IRQL <= DISPATCH_LEVEL. (nf-ntddk-keraiseirqltodpclevel)
KIRQL KeRaiseIrqlToDpcLevel() {
  return KfRaiseIrql(DISPATCH_LEVEL);
}

KIRQL KeRaiseIrqlToSynchLevel() {
  return KfRaiseIrql(IPI_LEVEL - 2);
}

// Restores an IRQL that a raise returned. Bug check DRIVER_VERIFIER_DETECTED_VIOLATION 0x31 where NewIrql is
// above the current one, or a DPC goes below DISPATCH_LEVEL; SPIN_LOCK_ALREADY_OWNED where spin locks are
// held and NewIrql is below DISPATCH_LEVEL. (nf-wdm-kelowerirql)
VOID KeLowerIrql(KIRQL NewIrql) {
  PKTHREAD thread = CurrentThread();
  if (NewIrql > thread->state.irql) VerifierViolation(0x31, thread->state.irql, NewIrql, kBadIrql);
  if (NewIrql < DISPATCH_LEVEL) {
    if (thread->is_executing_dpc) VerifierViolation(0x31, thread->state.irql, NewIrql, kBadInsideDpc);
    if (thread->state.spin_lock_count != 0) KeBugCheckEx(SPIN_LOCK_ALREADY_OWNED, 0, 0, 0, 0);
  }
  LowerIrqlTo(thread, NewIrql);
}
