// SPDX-License-Identifier: MIT
// Work items that keep their device or driver while they are queued.
#include <ddi/ex.h>
#include <ddi/io.h>
#include <bugcodes.h>
#include <ntstatus.h>

#include <atomic>

#include "io/device.h"
#include "io/outstanding_work.h"
#include "ke/driver_gate.h"
#include "ob/object.h"

using namespace ring3;

struct _IO_WORKITEM {
  WORK_QUEUE_ITEM item;
  PVOID object;
  union {
    PIO_WORKITEM_ROUTINE plain;
    PIO_WORKITEM_ROUTINE_EX extended;
  } routine;
  PVOID context;
  bool is_extended;
  std::atomic<bool> queued;
};

namespace {

constexpr ULONG kTag = 'tIwI';

// Queued or running.
io::OutstandingWork g_unfinished;

const void* DriverOf(PVOID object) {
  auto* device = static_cast<PDEVICE_OBJECT>(object);
  return device->Type == IO_TYPE_DEVICE ? static_cast<const void*>(device->DriverObject) : object;
}

// The routine may free the item, so nothing of it is used afterwards.
VOID NTAPI Run(PVOID parameter) {
  auto* item = static_cast<PIO_WORKITEM>(parameter);
  PVOID object = item->object;
  PVOID context = item->context;
  bool extended = item->is_extended;
  auto routine = item->routine;
  item->queued.store(false, std::memory_order_release);
  if (extended) {
    ke::CallDriver(DriverOf(object), ke::Callback::kWorkItem, routine.extended, object, context, item);
  } else {
    ke::CallDriver(DriverOf(object), ke::Callback::kWorkItem, routine.plain,
                   static_cast<PDEVICE_OBJECT>(object), context);
  }
  ob::Dereference(object);
  g_unfinished.End();
}

void Queue(PIO_WORKITEM item, WORK_QUEUE_TYPE type) {
  if (item->queued.exchange(true, std::memory_order_acq_rel)) {
    // Queued twice: the work queue would be corrupt.
    KeBugCheckEx(WORKER_INVALID, 0, reinterpret_cast<ULONG_PTR>(item), 0, 0);
  }
  ob::Reference(item->object);
  g_unfinished.Begin();
  ExInitializeWorkItem(&item->item, Run, item);
  ExQueueWorkItem(&item->item, type);
}

void CheckNotQueued(PIO_WORKITEM item) {
  if (item->queued.load(std::memory_order_acquire)) {
    KeBugCheckEx(WORKER_INVALID, 1, reinterpret_cast<ULONG_PTR>(item), 0, 0);
  }
}

}  // namespace

namespace ring3::io {

void DrainWorkItems() {
  g_unfinished.WaitForNone();
}

}  // namespace ring3::io

extern "C" {

// nf-wdm-iosizeofworkitem
ULONG IoSizeofWorkItem(VOID) {
  return sizeof(_IO_WORKITEM);
}

// Makes a work item of IoSizeofWorkItem bytes of nonpaged memory. nf-wdm-ioinitializeworkitem
VOID IoInitializeWorkItem(PVOID IoObject, PIO_WORKITEM IoWorkItem) {
  IoWorkItem->object = IoObject;
  new (&IoWorkItem->queued) std::atomic<bool>(false);
}

// WORKER_INVALID where it is queued. nf-wdm-iouninitializeworkitem
VOID IoUninitializeWorkItem(PIO_WORKITEM IoWorkItem) {
  CheckNotQueued(IoWorkItem);
}

// Null where memory is exhausted. IRQL <= DISPATCH_LEVEL. nf-wdm-ioallocateworkitem
PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject) {
  auto* item = static_cast<PIO_WORKITEM>(ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(_IO_WORKITEM), kTag));
  if (item != nullptr) IoInitializeWorkItem(DeviceObject, item);
  return item;
}

// The work item's own routine may free it. WORKER_INVALID where it is queued. nf-wdm-iofreeworkitem
VOID IoFreeWorkItem(PIO_WORKITEM IoWorkItem) {
  CheckNotQueued(IoWorkItem);
  ExFreePoolWithTag(IoWorkItem, kTag);
}

// Calls `WorkerRoutine` on a system thread at PASSIVE_LEVEL. IRQL <= DISPATCH_LEVEL. WORKER_INVALID where it
// is queued already. nf-wdm-ioqueueworkitem
VOID IoQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine, WORK_QUEUE_TYPE QueueType,
                     PVOID Context) {
  CheckNotQueued(IoWorkItem);
  IoWorkItem->routine.plain = WorkerRoutine;
  IoWorkItem->context = Context;
  IoWorkItem->is_extended = false;
  Queue(IoWorkItem, QueueType);
}

// nf-wdm-ioqueueworkitemex
VOID IoQueueWorkItemEx(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE_EX WorkerRoutine,
                       WORK_QUEUE_TYPE QueueType, PVOID Context) {
  CheckNotQueued(IoWorkItem);
  IoWorkItem->routine.extended = WorkerRoutine;
  IoWorkItem->context = Context;
  IoWorkItem->is_extended = true;
  Queue(IoWorkItem, QueueType);
}

}  // extern "C"
