// SPDX-License-Identifier: MIT
#include <ring3_seh.h>
#include <ddi/ke_ntifs.h>
#include <ntstatus.h>

#include "ke/dispatcher.h"
#include "ke/irql.h"
#include "ke/list.h"

using namespace ring3::ke;

namespace {

void InitializeMutant(PRKMUTANT mutant, bool apc_disable) {
  InitializeHeader(mutant->Header, kMutantObject, sizeof(KMUTANT), 1);
  InitializeList(mutant->MutantListEntry);
  mutant->OwnerThread = nullptr;
  mutant->Abandoned = FALSE;
  mutant->ApcDisable = apc_disable ? 1 : 0;
}

}  // namespace

bool ring3::ke::OwnsMutant(const KMUTANT& mutant) {
  DispatcherScope scope;
  return mutant.OwnerThread == CurrentThread();
}

// Signalled: nobody holds it. Level is not used. Any IRQL. (nf-wdm-keinitializemutex)
VOID KeInitializeMutex(PRKMUTEX Mutex, ULONG) {
  InitializeMutant(Mutex, true);
}

// A mutex that does not disable APCs in its owner, as applications get. (nf-ntifs-keinitializemutant)
VOID KeInitializeMutant(PRKMUTANT Mutant, BOOLEAN InitialOwner) {
  InitializeMutant(Mutant, false);
  if (!InitialOwner) return;
  PKTHREAD thread = CurrentThread();
  DispatcherScope scope;
  StoreSignalState(Mutant->Header, 0);
  Mutant->OwnerThread = thread;
  InsertTail(thread->mutant_list, Mutant->MutantListEntry);
}

// Gives back one acquisition; returns the state before, so that zero means it is free now. Raises
// STATUS_MUTANT_NOT_OWNED, or STATUS_ABANDONED where its owner ended, in a thread that does not hold it; with
// Abandoned TRUE it is released whoever holds it. IRQL <= DISPATCH_LEVEL, with Wait TRUE <= APC_LEVEL.
// (nf-ntifs-kereleasemutant)
LONG KeReleaseMutant(PRKMUTANT Mutant, KPRIORITY, BOOLEAN Abandoned, BOOLEAN Wait) {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, Wait ? APC_LEVEL : DISPATCH_LEVEL);
  LONG before;
  bool freed = false;
  NTSTATUS refusal = STATUS_SUCCESS;
  {
    DispatcherScope scope;
    CheckObjectLocked(Mutant->Header);
    before = Mutant->Header.SignalState;
    PKTHREAD owner = Mutant->OwnerThread;
    if (!Abandoned && owner != thread) {
      refusal = Mutant->Abandoned ? STATUS_ABANDONED : STATUS_MUTANT_NOT_OWNED;
    } else {
      if (Abandoned) {
        Mutant->Abandoned = TRUE;
        StoreSignalState(Mutant->Header, 1);
      } else {
        StoreSignalState(Mutant->Header, before + 1);
      }
      if (Mutant->Header.SignalState == 1 && before <= 0) {
        Remove(Mutant->MutantListEntry);
        owner->state.kernel_apc_disable += Mutant->ApcDisable;
        Mutant->OwnerThread = nullptr;
        freed = owner == thread;
        SignalObjectLocked(Mutant->Header, scope.wakes);
      }
    }
  }
  if (refusal != STATUS_SUCCESS) Ring3SehRaiseStatus(refusal);
  if (freed && thread->state.kernel_apc_disable == 0) DeliverKernelApcsIfPending(thread);
  if (Wait) PrepareWaitNext(thread);
  return before;
}

// (nf-wdm-kereleasemutex)
LONG KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait) {
  return KeReleaseMutant(Mutex, 1, FALSE, Wait);
}

// 1 when free; not synchronised with anything. (nf-wdm-kereadstatemutex)
LONG KeReadStateMutex(PRKMUTEX Mutex) {
  return ReadSignalState(Mutex->Header);
}
LONG KeReadStateMutant(PRKMUTANT Mutant) {
  return ReadSignalState(Mutant->Header);
}
