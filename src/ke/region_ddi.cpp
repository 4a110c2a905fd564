// SPDX-License-Identifier: MIT
#include <ddi/ke.h>

#include "ke/irql.h"

using namespace ring3::ke;

// Disables normal kernel APCs; nests. IRQL <= APC_LEVEL, else DRIVER_VERIFIER_DETECTED_VIOLATION 0x11A.
// (nf-ntddk-keentercriticalregion)
VOID KeEnterCriticalRegion() {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql > APC_LEVEL) VerifierViolation(0x11A, thread->state.irql, 0, 0);
  --thread->state.kernel_apc_disable;
}

// Undoes one KeEnterCriticalRegion; APCs that waited for it run. DRIVER_VERIFIER_DETECTED_VIOLATION 0x11B
// above APC_LEVEL, 0x3E where the thread is in no critical region. (nf-ntddk-keleavecriticalregion)
VOID KeLeaveCriticalRegion() {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql > APC_LEVEL) VerifierViolation(0x11B, thread->state.irql, 0, 0);
  if (thread->state.kernel_apc_disable >= 0) VerifierViolation(0x3E, 0, 0, 0);
  if (++thread->state.kernel_apc_disable == 0) DeliverKernelApcsIfPending(thread);
}

// Disables all kernel APCs; nests. IRQL <= APC_LEVEL. (nf-ntddk-keenterguardedregion)
VOID KeEnterGuardedRegion() {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, APC_LEVEL);
  --thread->state.special_apc_disable;
}

// Undoes one KeEnterGuardedRegion. (nf-ntddk-keleaveguardedregion)
VOID KeLeaveGuardedRegion() {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, APC_LEVEL);
  if (thread->state.special_apc_disable >= 0) VerifierViolation(0x3E, 0, 0, 0);
  if (++thread->state.special_apc_disable == 0) DeliverKernelApcsIfPending(thread);
}

// Whether normal kernel APCs are disabled: by a region or by the IRQL. (nf-wdm-keareapcsdisabled)
BOOLEAN KeAreApcsDisabled() {
  const ExecutionState& state = CurrentThread()->state;
  return state.kernel_apc_disable != 0 || state.special_apc_disable != 0;
}

// Whether every kernel APC is disabled: guarded region, or IRQL >= APC_LEVEL. (nf-wdm-keareallapcsdisabled)
BOOLEAN KeAreAllApcsDisabled() {
  const ExecutionState& state = CurrentThread()->state;
  return state.special_apc_disable != 0 || state.irql >= APC_LEVEL;
}
