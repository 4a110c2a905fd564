// SPDX-License-Identifier: MIT
#include <ring3_seh.h>
#include <ddi/ke.h>
#include <ntstatus.h>

#include "ke/dispatcher.h"

using namespace ring3::ke;

// Any IRQL here; documented for PASSIVE_LEVEL. (nf-wdm-keinitializesemaphore)
VOID KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit) {
  InitializeHeader(Semaphore->Header, kSemaphoreObject, sizeof(KSEMAPHORE), Count);
  Semaphore->Limit = Limit;
}

// Adds Adjustment to the count and satisfies waits; returns the count before. Raises
// STATUS_SEMAPHORE_LIMIT_EXCEEDED, count unchanged, where the limit would be passed or Adjustment is not
// positive. IRQL <= DISPATCH_LEVEL, with Wait TRUE PASSIVE_LEVEL. (nf-wdm-kereleasesemaphore)
LONG KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY, LONG Adjustment, BOOLEAN Wait) {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, Wait ? PASSIVE_LEVEL : DISPATCH_LEVEL);
  LONG before;
  bool exceeded;
  {
    DispatcherScope scope;
    CheckObjectLocked(Semaphore->Header);
    before = Semaphore->Header.SignalState;
    exceeded = Adjustment <= 0 || Adjustment > Semaphore->Limit - before;
    if (!exceeded) {
      StoreSignalState(Semaphore->Header, before + Adjustment);
      SignalObjectLocked(Semaphore->Header, scope.wakes);
    }
  }
  if (exceeded) Ring3SehRaiseStatus(STATUS_SEMAPHORE_LIMIT_EXCEEDED);
  if (Wait) PrepareWaitNext(thread);
  return before;
}

// The count; not synchronised with anything. Any IRQL. (nf-wdm-kereadstatesemaphore)
LONG KeReadStateSemaphore(PRKSEMAPHORE Semaphore) {
  return ReadSignalState(Semaphore->Header);
}
