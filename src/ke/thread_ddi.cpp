// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/ke_ntifs.h>

#include <algorithm>

#include "ke/processor.h"
#include "ke/time.h"
#include "ke/dispatcher.h"

// Priorities and affinities are kept and reported; Linux schedules as it likes.
using namespace ring3;
using namespace ring3::ke;

namespace {

KPRIORITY Exchange(KPRIORITY& priority, KPRIORITY value) {
  return __atomic_exchange_n(&priority, value, __ATOMIC_RELAXED);
}

}  // namespace

// Any IRQL. (nf-wdm-kegetcurrentthread)
PKTHREAD KeGetCurrentThread() {
  return CurrentThread();
}

// 0 to 31. PASSIVE_LEVEL. (nf-wdm-kequeryprioritythread)
KPRIORITY KeQueryPriorityThread(PKTHREAD Thread) {
  return __atomic_load_n(&Thread->priority, __ATOMIC_RELAXED);
}

// Returns the priority before. Values outside 1 to HIGH_PRIORITY are brought into it. PASSIVE_LEVEL.
// (nf-wdm-kesetprioritythread)
KPRIORITY KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority) {
  CheckIrqlAtMost(CurrentThread(), PASSIVE_LEVEL);
  const KPRIORITY priority = std::clamp<KPRIORITY>(Priority, LOW_PRIORITY + 1, HIGH_PRIORITY);
  return Exchange(Thread->priority, priority);
}

// Sets the priority relative to the process' base priority; returns the increment before. PASSIVE_LEVEL.
// (nf-ntddk-kesetbaseprioritythread)
LONG KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment) {
  CheckIrqlAtMost(CurrentThread(), PASSIVE_LEVEL);
  const KPRIORITY process_priority = Thread->own_process == nullptr ? 8 : Thread->own_process->base_priority;
  const KPRIORITY priority =
      std::clamp<KPRIORITY>(process_priority + Increment, LOW_PRIORITY + 1, HIGH_PRIORITY);
  const KPRIORITY before = Exchange(Thread->base_priority, priority);
  Exchange(Thread->priority, priority);
  return before - process_priority;
}

// Processor time of the running thread in clock ticks; Linux does not tell user and kernel apart here, all of
// it is kernel time. PASSIVE_LEVEL. (nf-wdm-kequeryruntimethread)
ULONG KeQueryRuntimeThread(PKTHREAD Thread, PULONG UserTime) {
  *UserTime = 0;
  if (Thread != CurrentThread()) return 0;
  return static_cast<ULONG>(os::ThreadCpuTime100ns() / kTimeIncrement100ns);
}

// Cycles are counted in 100 ns units here, zero for other threads than the running one.
// (nf-wdm-kequerytotalcycletimethread)
ULONG64 KeQueryTotalCycleTimeThread(PKTHREAD Thread, PULONG64 CycleTimeStamp) {
  if (CycleTimeStamp != nullptr) *CycleTimeStamp = __builtin_ia32_rdtsc();
  return Thread == CurrentThread() ? static_cast<ULONG64>(os::ThreadCpuTime100ns()) : 0;
}

// IRQL <= DISPATCH_LEVEL. (nf-wdm-kesetsystemaffinitythread)
VOID KeSetSystemAffinityThread(KAFFINITY Affinity) {
  (void)KeSetSystemAffinityThreadEx(Affinity);
}

VOID KeRevertToUserAffinityThread() {
  KeRevertToUserAffinityThreadEx(0);
}

// The affinity before, zero where none was set. IRQL <= DISPATCH_LEVEL. (nf-wdm-kesetsystemaffinitythreadex)
KAFFINITY KeSetSystemAffinityThreadEx(KAFFINITY Affinity) {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, DISPATCH_LEVEL);
  const KAFFINITY before = thread->affinity == thread->user_affinity ? 0 : thread->affinity;
  if ((Affinity & ActiveProcessorMask()) != 0) thread->affinity = Affinity & ActiveProcessorMask();
  return before;
}

// Zero: the thread's own affinity. IRQL <= DISPATCH_LEVEL. (nf-wdm-kereverttouseraffinitythreadex)
VOID KeRevertToUserAffinityThreadEx(KAFFINITY Affinity) {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, DISPATCH_LEVEL);
  thread->affinity = Affinity == 0 ? thread->user_affinity : Affinity;
}

// (nf-wdm-kesetsystemgroupaffinitythread)
VOID KeSetSystemGroupAffinityThread(PGROUP_AFFINITY Affinity, PGROUP_AFFINITY PreviousAffinity) {
  const KAFFINITY before = Affinity->Group == 0 ? KeSetSystemAffinityThreadEx(Affinity->Mask) : 0;
  if (PreviousAffinity != nullptr) *PreviousAffinity = {before, 0, {}};
}

// (nf-wdm-kereverttousergroupaffinitythread)
VOID KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY PreviousAffinity) {
  KeRevertToUserAffinityThreadEx(PreviousAffinity->Mask);
}

// Returns the one before. (nf-ntifs-kesetidealprocessorthread)
UCHAR KeSetIdealProcessorThread(PKTHREAD Thread, UCHAR Processor) {
  return __atomic_exchange_n(&Thread->ideal_processor, Processor, __ATOMIC_RELAXED);
}

// Kernel stacks are never swapped: TRUE (it was enabled) the first time is what callers restore.
// (nf-ntifs-kesetkernelstackswapenable)
BOOLEAN KeSetKernelStackSwapEnable(BOOLEAN) {
  return TRUE;
}
