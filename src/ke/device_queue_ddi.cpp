// SPDX-License-Identifier: MIT
#include <ddi/ke.h>

#include "ke/dispatcher.h"
#include "ke/kspin_lock.h"
#include "ke/list.h"

// Device queues: a busy flag and the entries that wait while it is set.
namespace {

using namespace ring3::ke;

constexpr CSHORT kDeviceQueueObject = 20;

PKDEVICE_QUEUE_ENTRY FromLinks(LIST_ENTRY* links) {
  return CONTAINING_RECORD(links, KDEVICE_QUEUE_ENTRY, DeviceListEntry);
}

// The queue's own spin lock, held by the calling thread. IRQL >= DISPATCH_LEVEL has been checked where
// documented.
class QueueScope {
 public:
  explicit QueueScope(PKDEVICE_QUEUE queue) : thread_(CurrentThread()), queue_(queue) {
    AcquireKSpinLock(thread_, &queue->Lock);
  }
  ~QueueScope() { ReleaseKSpinLock(thread_, &queue_->Lock); }
  QueueScope(const QueueScope&) = delete;
  QueueScope& operator=(const QueueScope&) = delete;

 private:
  PKTHREAD thread_;
  PKDEVICE_QUEUE queue_;
};

void CheckAtDispatch() {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql != DISPATCH_LEVEL) VerifierViolation(0xE5, thread->state.irql, 0, 0);
}

// False: the queue was idle and is busy now; the caller handles the request itself.
bool InsertAt(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry, const ULONG* sort_key) {
  QueueScope scope(queue);
  entry->Inserted = queue->Busy;
  if (!queue->Busy) {
    queue->Busy = TRUE;
    return false;
  }
  LIST_ENTRY* position = &queue->DeviceListHead;
  if (sort_key != nullptr) {
    entry->SortKey = *sort_key;
    while (position->Blink != &queue->DeviceListHead && FromLinks(position->Blink)->SortKey > *sort_key) {
      position = position->Blink;
    }
  }
  InsertBefore(*position, entry->DeviceListEntry);
  return true;
}

// Null, and the queue idle, when nothing waits. `sort_key`: the first entry with that key or a higher one,
// else the first.
PKDEVICE_QUEUE_ENTRY RemoveFirst(PKDEVICE_QUEUE queue, const ULONG* sort_key) {
  QueueScope scope(queue);
  LIST_ENTRY& head = queue->DeviceListHead;
  if (IsEmpty(head)) {
    queue->Busy = FALSE;
    return nullptr;
  }
  LIST_ENTRY* found = head.Flink;
  if (sort_key != nullptr) {
    LIST_ENTRY* candidate = found;
    while (candidate != &head && FromLinks(candidate)->SortKey < *sort_key) candidate = candidate->Flink;
    if (candidate != &head) found = candidate;
  }
  Remove(*found);
  FromLinks(found)->Inserted = FALSE;
  return FromLinks(found);
}

}  // namespace

// Idle and empty. IRQL <= DISPATCH_LEVEL. (nf-wdm-keinitializedevicequeue)
VOID KeInitializeDeviceQueue(PKDEVICE_QUEUE DeviceQueue) {
  DeviceQueue->Type = kDeviceQueueObject;
  DeviceQueue->Size = sizeof(KDEVICE_QUEUE);
  InitializeList(DeviceQueue->DeviceListHead);
  DeviceQueue->Lock = 0;
  DeviceQueue->Reserved = 0;
  DeviceQueue->Hint = 0;
}

// FALSE: the queue was idle, the entry is not queued, the queue is busy now. DISPATCH_LEVEL.
// (nf-wdm-keinsertdevicequeue)
BOOLEAN KeInsertDeviceQueue(PKDEVICE_QUEUE DeviceQueue, PKDEVICE_QUEUE_ENTRY DeviceQueueEntry) {
  CheckAtDispatch();
  return InsertAt(DeviceQueue, DeviceQueueEntry, nullptr);
}

// In ascending order of keys, behind equal ones. DISPATCH_LEVEL. (nf-wdm-keinsertbykeydevicequeue)
BOOLEAN KeInsertByKeyDeviceQueue(PKDEVICE_QUEUE DeviceQueue, PKDEVICE_QUEUE_ENTRY DeviceQueueEntry,
                                 ULONG SortKey) {
  CheckAtDispatch();
  return InsertAt(DeviceQueue, DeviceQueueEntry, &SortKey);
}

// Null: empty, and idle now. DISPATCH_LEVEL. (nf-wdm-keremovedevicequeue)
PKDEVICE_QUEUE_ENTRY KeRemoveDeviceQueue(PKDEVICE_QUEUE DeviceQueue) {
  CheckAtDispatch();
  return RemoveFirst(DeviceQueue, nullptr);
}

// The first entry whose key is not below SortKey, or else the first of all. DISPATCH_LEVEL.
// (nf-wdm-keremovebykeydevicequeue)
PKDEVICE_QUEUE_ENTRY KeRemoveByKeyDeviceQueue(PKDEVICE_QUEUE DeviceQueue, ULONG SortKey) {
  CheckAtDispatch();
  return RemoveFirst(DeviceQueue, &SortKey);
}

PKDEVICE_QUEUE_ENTRY KeRemoveByKeyDeviceQueueIfBusy(PKDEVICE_QUEUE DeviceQueue, ULONG SortKey) {
  CheckAtDispatch();
  return RemoveFirst(DeviceQueue, &SortKey);
}

// TRUE when the entry was queued. IRQL <= DISPATCH_LEVEL. (nf-wdm-keremoveentrydevicequeue)
BOOLEAN KeRemoveEntryDeviceQueue(PKDEVICE_QUEUE DeviceQueue, PKDEVICE_QUEUE_ENTRY DeviceQueueEntry) {
  CheckIrqlAtMost(CurrentThread(), DISPATCH_LEVEL);
  QueueScope scope(DeviceQueue);
  if (!DeviceQueueEntry->Inserted) return FALSE;
  Remove(DeviceQueueEntry->DeviceListEntry);
  DeviceQueueEntry->Inserted = FALSE;
  return TRUE;
}
