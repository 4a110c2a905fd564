// SPDX-License-Identifier: MIT
#include "ke/processor.h"

#include <ntstatus.h>

#include <algorithm>
#include <atomic>

#include "ke/driver_gate.h"
#include "ke/irql.h"
#include "os/thread.h"

namespace ring3::ke {

ULONG ProcessorCount() {
  static const ULONG count = std::min<ULONG>(os::ProcessorCount(), MAXIMUM_PROC_PER_GROUP);
  return count;
}

ULONG CurrentProcessorIndex(PKTHREAD thread) {
  if (thread->processor >= 0) return static_cast<ULONG>(thread->processor);
  return os::CurrentProcessor() % ProcessorCount();
}

}  // namespace ring3::ke

using namespace ring3::ke;

CCHAR KeNumberProcessors = 1;

// The number of the current processor, and group and number in `ProcNumber`. Any IRQL; a thread that is no
// DPC may be elsewhere the moment after, at DISPATCH_LEVEL too. (nf-ntddk-kegetcurrentprocessornumberex)
ULONG KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber) {
  const ULONG index = CurrentProcessorIndex(CurrentThread());
  if (ProcNumber != nullptr) *ProcNumber = {0, static_cast<UCHAR>(index), 0};
  return index;
}

// (nf-ntddk-kegetcurrentprocessornumber)
ULONG KeGetCurrentProcessorNumber() {
  return CurrentProcessorIndex(CurrentThread());
}

// STATUS_INVALID_PARAMETER for an index that does not exist. Any IRQL. (nf-wdm-kegetprocessornumberfromindex)
NTSTATUS KeGetProcessorNumberFromIndex(ULONG ProcIndex, PPROCESSOR_NUMBER ProcNumber) {
  if (ProcIndex >= ProcessorCount()) return STATUS_INVALID_PARAMETER;
  *ProcNumber = {0, static_cast<UCHAR>(ProcIndex), 0};
  return STATUS_SUCCESS;
}

// INVALID_PROCESSOR_INDEX for one that does not exist. Any IRQL. (nf-wdm-kegetprocessorindexfromnumber)
ULONG KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER ProcNumber) {
  if (ProcNumber->Group != 0 || ProcNumber->Number >= ProcessorCount() || ProcNumber->Reserved != 0) {
    return INVALID_PROCESSOR_INDEX;
  }
  return ProcNumber->Number;
}

// (nf-ntddk-kequeryactiveprocessorcount)
ULONG KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors) {
  if (ActiveProcessors != nullptr) *ActiveProcessors = ActiveProcessorMask();
  return ProcessorCount();
}

// Zero for a group that does not exist. (nf-ntddk-kequeryactiveprocessorcountex)
ULONG KeQueryActiveProcessorCountEx(USHORT GroupNumber) {
  return GroupNumber == 0 || GroupNumber == ALL_PROCESSOR_GROUPS ? ProcessorCount() : 0;
}

KAFFINITY KeQueryActiveProcessors() {
  return ActiveProcessorMask();
}
ULONG KeQueryMaximumProcessorCount() {
  return ProcessorCount();
}
ULONG KeQueryMaximumProcessorCountEx(USHORT GroupNumber) {
  return KeQueryActiveProcessorCountEx(GroupNumber);
}
USHORT KeQueryActiveGroupCount() {
  return 1;
}
USHORT KeQueryMaximumGroupCount() {
  return 1;
}
KAFFINITY KeQueryGroupAffinity(USHORT GroupNumber) {
  return GroupNumber == 0 ? ActiveProcessorMask() : 0;
}
USHORT KeGetCurrentNodeNumber() {
  return 0;
}
USHORT KeQueryHighestNodeNumber() {
  return 0;
}

// All zero for a node that does not exist. (nf-wdm-kequerynodeactiveaffinity)
VOID KeQueryNodeActiveAffinity(USHORT NodeNumber, PGROUP_AFFINITY Affinity, PUSHORT Count) {
  const bool exists = NodeNumber == 0;
  if (Affinity != nullptr) *Affinity = {exists ? ActiveProcessorMask() : 0, 0, {}};
  if (Count != nullptr) *Count = static_cast<USHORT>(exists ? ProcessorCount() : 0);
}

// STATUS_INVALID_PARAMETER for a node that does not exist, STATUS_BUFFER_TOO_SMALL with the count needed.
// (nf-wdm-kequerynodeactiveaffinity2)
NTSTATUS KeQueryNodeActiveAffinity2(USHORT NodeNumber, PGROUP_AFFINITY GroupAffinities,
                                    USHORT GroupAffinitiesCount, PUSHORT GroupAffinitiesRequired) {
  if (NodeNumber != 0) return STATUS_INVALID_PARAMETER;
  *GroupAffinitiesRequired = 1;
  if (GroupAffinitiesCount < 1) return STATUS_BUFFER_TOO_SMALL;
  GroupAffinities[0] = {ActiveProcessorMask(), 0, {}};
  return STATUS_SUCCESS;
}

ULONG KeQueryNodeActiveProcessorCount(USHORT NodeNumber) {
  return NodeNumber == 0 ? ProcessorCount() : 0;
}
USHORT KeQueryNodeMaximumProcessorCount(USHORT NodeNumber) {
  return static_cast<USHORT>(KeQueryNodeActiveProcessorCount(NodeNumber));
}

// Whether a DPC should leave the processor to others: nobody waits for a simulated one.
// (nf-wdm-keshouldyieldprocessor)
LOGICAL KeShouldYieldProcessor() {
  return FALSE;
}

// A cache line. (nf-wdm-kegetrecommendedshareddataalignment)
ULONG KeGetRecommendedSharedDataAlignment() {
  return SYSTEM_CACHE_ALIGNMENT_SIZE;
}

// Runs the function at IPI_LEVEL once for each processor, on the calling thread; what the last returned.
// Nothing else is stopped meanwhile, as there is no processor to stop. IRQL < IPI_LEVEL.
// (nf-wdm-keipigenericcall)
ULONG_PTR KeIpiGenericCall(PKIPI_BROADCAST_WORKER BroadcastFunction, ULONG_PTR Context) {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, IPI_LEVEL - 1);
  const KIRQL old_irql = RaiseIrqlTo(thread, IPI_LEVEL);
  const int old_processor = thread->processor;
  ULONG_PTR result = 0;
  for (ULONG i = 0; i < ProcessorCount(); ++i) {
    thread->processor = static_cast<int>(i);
    result = CallDriver(nullptr, Callback::kOther, BroadcastFunction, Context);
  }
  thread->processor = old_processor;
  LowerIrqlTo(thread, old_irql);
  return result;
}

// DMA is coherent: a fence is all there is to do. IRQL <= DISPATCH_LEVEL. (nf-wdm-keflushiobuffers)
VOID KeFlushIoBuffers(_MDL*, BOOLEAN, BOOLEAN) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

// (nf-ntddk-keinvalidateallcaches, nf-ntddk-keinvalidaterangeallcaches)
BOOLEAN KeInvalidateAllCaches() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return TRUE;
}
VOID KeInvalidateRangeAllCaches(PVOID, ULONG) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
}
