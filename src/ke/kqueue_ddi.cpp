// SPDX-License-Identifier: MIT
#include <ddi/ke_ntifs.h>
#include <ntstatus.h>

#include "ke/dispatcher.h"
#include "ke/list.h"
#include "ke/processor.h"

// Driver-managed queues: entries, and threads that wait for them. The number of threads that are let run at
// once (MaximumCount) is kept and not enforced: Linux schedules them.
namespace {

using namespace ring3::ke;

LONG Insert(PKQUEUE queue, PLIST_ENTRY entry, bool at_head) {
  CheckIrqlAtMost(CurrentThread(), DISPATCH_LEVEL);
  DispatcherScope scope;
  CheckObjectLocked(queue->Header);
  const LONG before = queue->Header.SignalState;
  if (at_head) {
    InsertHead(queue->EntryListHead, *entry);
  } else {
    InsertTail(queue->EntryListHead, *entry);
  }
  StoreSignalState(queue->Header, before + 1);
  SignalObjectLocked(queue->Header, scope.wakes);
  return before;
}

PLIST_ENTRY AsEntry(NTSTATUS status) {
  return reinterpret_cast<PLIST_ENTRY>(static_cast<ULONG_PTR>(status));
}

}  // namespace

// Count: threads that may run at once, zero: one for each processor. IRQL <= DISPATCH_LEVEL.
// (nf-ntifs-keinitializequeue)
VOID KeInitializeQueue(PRKQUEUE Queue, ULONG Count) {
  InitializeHeader(Queue->Header, kQueueObject, sizeof(KQUEUE), 0);
  InitializeList(Queue->EntryListHead);
  InitializeList(Queue->ThreadListHead);
  Queue->CurrentCount = 0;
  Queue->MaximumCount = Count == 0 ? ProcessorCount() : Count;
}

// Returns how many entries were queued before. IRQL <= DISPATCH_LEVEL. (nf-ntifs-keinsertqueue)
LONG KeInsertQueue(PRKQUEUE Queue, PLIST_ENTRY Entry) {
  return Insert(Queue, Entry, false);
}

// (nf-ntifs-keinsertheadqueue)
LONG KeInsertHeadQueue(PRKQUEUE Queue, PLIST_ENTRY Entry) {
  return Insert(Queue, Entry, true);
}

// The first entry, or STATUS_TIMEOUT, STATUS_USER_APC, STATUS_ABANDONED in its place. Timeout as
// KeWaitForSingleObject has it. (nf-ntifs-keremovequeue)
PLIST_ENTRY KeRemoveQueue(PRKQUEUE Queue, KPROCESSOR_MODE WaitMode, PLARGE_INTEGER Timeout) {
  const NTSTATUS status = KeWaitForSingleObject(Queue, WrQueue, WaitMode, FALSE, Timeout);
  if (status != STATUS_SUCCESS) return AsEntry(status);
  DispatcherScope scope;
  // The wait has reserved an entry; a rundown may have taken all of them since.
  if (IsEmpty(Queue->EntryListHead)) return AsEntry(STATUS_ABANDONED);
  return RemoveHead(Queue->EntryListHead);
}

// Takes all entries, as a list without a head, and ends the waits with STATUS_ABANDONED; null when there were
// none. (nf-ntifs-kerundownqueue)
PLIST_ENTRY KeRundownQueue(PRKQUEUE Queue) {
  DispatcherScope scope;
  Queue->Header.Abandoned = 1;
  StoreSignalState(Queue->Header, 0);
  LIST_ENTRY& waits = Queue->Header.WaitListHead;
  while (!IsEmpty(waits)) {
    EndWaitLocked(CONTAINING_RECORD(waits.Flink, KWAIT_BLOCK, WaitListEntry)->Thread, STATUS_ABANDONED,
                  scope.wakes);
  }
  LIST_ENTRY& head = Queue->EntryListHead;
  if (IsEmpty(head)) return nullptr;
  LIST_ENTRY* first = head.Flink;
  Remove(head);
  InitializeList(head);
  return first;
}

// (nf-ntifs-kereadstatequeue)
LONG KeReadStateQueue(PRKQUEUE Queue) {
  return ReadSignalState(Queue->Header);
}
