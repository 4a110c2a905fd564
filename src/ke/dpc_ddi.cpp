// SPDX-License-Identifier: MIT
#include <ddi/ke.h>
#include <ntstatus.h>

#include "ke/kernel.h"

using namespace ring3::ke;

namespace {

void InitializeDpc(PKDPC dpc, UCHAR type, PKDEFERRED_ROUTINE routine, PVOID context) {
  *dpc = {};
  dpc->Type = type;
  dpc->Importance = MediumImportance;
  dpc->DeferredRoutine = routine;
  dpc->DeferredContext = context;
}

void SetTarget(PKDPC dpc, ULONG processor) {
  __atomic_store_n(&dpc->Number, static_cast<USHORT>(kTargetedDpc + processor), __ATOMIC_RELAXED);
}

}  // namespace

// Any IRQL. (nf-wdm-keinitializedpc)
VOID KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext) {
  InitializeDpc(Dpc, kDpcObject, DeferredRoutine, DeferredContext);
}

// A DPC that runs at PASSIVE_LEVEL, in a thread of its processor's own. Any IRQL.
// (nf-wdm-keinitializethreadeddpc)
VOID KeInitializeThreadedDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext) {
  InitializeDpc(Dpc, kThreadedDpcObject, DeferredRoutine, DeferredContext);
}

// Queues; FALSE, with nothing done, when it is queued already. Any IRQL. Bug check TIMER_OR_DPC_INVALID for a
// target that does not exist. (nf-wdm-keinsertqueuedpc)
BOOLEAN KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2) {
  return g_kernel->dpcs.Insert(Dpc, SystemArgument1, SystemArgument2);
}

// TRUE when it was queued and will not run. Any IRQL. (nf-wdm-keremovequeuedpc)
BOOLEAN KeRemoveQueueDpc(PRKDPC Dpc) {
  return DpcQueues::Remove(Dpc);
}

// HighImportance goes to the head of its queue, others to the end; every queue is processed at once. Before
// queueing; any IRQL. (nf-ntddk-kesetimportancedpc)
VOID KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance) {
  Dpc->Importance = static_cast<UCHAR>(Importance);
}

// Before queueing; a number that does not exist leaves the target as it is. Any IRQL.
// (nf-ntddk-kesettargetprocessordpc)
VOID KeSetTargetProcessorDpc(PRKDPC Dpc, CCHAR Number) {
  if (Number >= 0 && static_cast<ULONG>(Number) < ProcessorCount())
    SetTarget(Dpc, static_cast<ULONG>(Number));
}

// STATUS_INVALID_PARAMETER for a processor that does not exist. Any IRQL. (nf-wdm-kesettargetprocessordpcex)
NTSTATUS KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER ProcNumber) {
  const ULONG index = KeGetProcessorIndexFromNumber(ProcNumber);
  if (index == INVALID_PROCESSOR_INDEX) return STATUS_INVALID_PARAMETER;
  SetTarget(Dpc, index);
  return STATUS_SUCCESS;
}

// Returns when every DPC that was queued before, on any processor, has run. PASSIVE_LEVEL.
// (nf-wdm-keflushqueueddpcs)
VOID KeFlushQueuedDpcs() {
  CheckIrqlAtMost(CurrentThread(), PASSIVE_LEVEL);
  g_kernel->dpcs.Flush();
}

// Whether the caller is a DPC (a threaded one is none). (nf-wdm-keisexecutingdpc)
LOGICAL KeIsExecutingDpc() {
  return CurrentThread()->is_executing_dpc;
}

// There is no DPC watchdog: no limits, no counts. STATUS_UNSUCCESSFUL below DISPATCH_LEVEL.
// (nf-wdm-kequerydpcwatchdoginformation)
NTSTATUS KeQueryDpcWatchdogInformation(PKDPC_WATCHDOG_INFORMATION WatchdogInformation) {
  *WatchdogInformation = {};
  return CurrentThread()->state.irql >= DISPATCH_LEVEL ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}
