// SPDX-License-Identifier: MIT
// StartIo: one packet at a time for each device, the others in its device queue.
#include <ntstatus.h>

#include "io/device.h"
#include "io/irp.h"
#include "ke/driver_gate.h"

using namespace ring3;

namespace {

constexpr ULONG kDeferredStartIo = 1;
constexpr ULONG kNonCancelable = 2;

bool IsNonCancelable(PDEVICE_OBJECT device) {
  return (device->DeviceObjectExtension->StartIoFlags & kNonCancelable) != 0;
}

void CallStartIo(PDEVICE_OBJECT device, PIRP irp) {
  PDRIVER_OBJECT driver = device->DriverObject;
  ke::CallDriver(driver, ke::Callback::kStartIo, driver->DriverStartIo, device, irp);
}

// Takes the next packet off the queue and starts it. DISPATCH_LEVEL.
void StartNext(PDEVICE_OBJECT device, bool cancelable, const ULONG* key) {
  KIRQL irql = DISPATCH_LEVEL;
  if (cancelable) IoAcquireCancelSpinLock(&irql);
  device->CurrentIrp = nullptr;
  PKDEVICE_QUEUE_ENTRY entry = key == nullptr ? KeRemoveDeviceQueue(&device->DeviceQueue)
                                              : KeRemoveByKeyDeviceQueue(&device->DeviceQueue, *key);
  if (entry == nullptr) {
    if (cancelable) IoReleaseCancelSpinLock(irql);
    return;
  }
  PIRP irp = CONTAINING_RECORD(entry, IRP, Tail.Overlay.DeviceQueueEntry);
  device->CurrentIrp = irp;
  if (cancelable) {
    // StartIo decides what to do about a cancel routine, except where it said that there is none from here
    // on.
    if (IsNonCancelable(device)) IoSetCancelRoutine(irp, nullptr);
    IoReleaseCancelSpinLock(irql);
  }
  CallStartIo(device, irp);
}

// With deferred StartIo, a StartIo routine that calls IoStartNextPacket does not recurse.
void StartNextOrDefer(PDEVICE_OBJECT device, bool cancelable, const ULONG* key) {
  PDEVOBJ_EXTENSION extension = device->DeviceObjectExtension;
  if ((extension->StartIoFlags & kDeferredStartIo) == 0) return StartNext(device, cancelable, key);
  if (__atomic_fetch_add(&extension->StartIoCount, 1, __ATOMIC_ACQ_REL) > 0) return;
  do {
    StartNext(device, cancelable, key);
  } while (__atomic_sub_fetch(&extension->StartIoCount, 1, __ATOMIC_ACQ_REL) > 0);
}

}  // namespace

extern "C" {

// Calls StartIo with the packet, or queues it (by `Key` where given) while another is under way.
// `CancelFunction` becomes the cancel routine; a packet that was cancelled already has it called. IRQL <=
// DISPATCH_LEVEL. nf-wdm-iostartpacket
VOID IoStartPacket(PDEVICE_OBJECT DeviceObject, PIRP Irp, PULONG Key, PDRIVER_CANCEL CancelFunction) {
  KIRQL old = KeRaiseIrqlToDpcLevel();
  KIRQL cancel_irql = DISPATCH_LEVEL;
  if (CancelFunction != nullptr) {
    IoAcquireCancelSpinLock(&cancel_irql);
    IoSetCancelRoutine(Irp, CancelFunction);
  }
  PKDEVICE_QUEUE_ENTRY entry = &Irp->Tail.Overlay.DeviceQueueEntry;
  BOOLEAN queued = Key == nullptr ? KeInsertDeviceQueue(&DeviceObject->DeviceQueue, entry)
                                  : KeInsertByKeyDeviceQueue(&DeviceObject->DeviceQueue, entry, *Key);
  if (!queued) {
    DeviceObject->CurrentIrp = Irp;
    if (CancelFunction != nullptr) {
      if (IsNonCancelable(DeviceObject)) IoSetCancelRoutine(Irp, nullptr);
      IoReleaseCancelSpinLock(cancel_irql);
    }
    PDEVOBJ_EXTENSION extension = DeviceObject->DeviceObjectExtension;
    if ((extension->StartIoFlags & kDeferredStartIo) != 0) {
      __atomic_fetch_add(&extension->StartIoCount, 1, __ATOMIC_ACQ_REL);
      CallStartIo(DeviceObject, Irp);
      while (__atomic_sub_fetch(&extension->StartIoCount, 1, __ATOMIC_ACQ_REL) > 0) {
        StartNext(DeviceObject, CancelFunction != nullptr, nullptr);
      }
    } else {
      CallStartIo(DeviceObject, Irp);
    }
  } else if (CancelFunction != nullptr) {
    if (io::IsCancelled(*Irp) && IoSetCancelRoutine(Irp, nullptr) != nullptr) {
      Irp->CancelIrql = cancel_irql;
      ke::CallDriver<ke::OnReturn::kLocksMayDiffer>(DeviceObject->DriverObject, ke::Callback::kCancel,
                                                    CancelFunction, DeviceObject, Irp);
    } else {
      IoReleaseCancelSpinLock(cancel_irql);
    }
  }
  KeLowerIrql(old);
}

// DISPATCH_LEVEL. nf-wdm-iostartnextpacket
VOID IoStartNextPacket(PDEVICE_OBJECT DeviceObject, BOOLEAN Cancelable) {
  StartNextOrDefer(DeviceObject, Cancelable != FALSE, nullptr);
}

// DISPATCH_LEVEL. nf-wdm-iostartnextpacketbykey
VOID IoStartNextPacketByKey(PDEVICE_OBJECT DeviceObject, BOOLEAN Cancelable, ULONG Key) {
  StartNextOrDefer(DeviceObject, Cancelable != FALSE, &Key);
}

// nf-wdm-iosetstartioattributes
VOID IoSetStartIoAttributes(PDEVICE_OBJECT DeviceObject, BOOLEAN DeferredStartIo, BOOLEAN NonCancelable) {
  ULONG flags = 0;
  if (DeferredStartIo) flags |= kDeferredStartIo;
  if (NonCancelable) flags |= kNonCancelable;
  DeviceObject->DeviceObjectExtension->StartIoFlags = flags;
}

}  // extern "C"
