// SPDX-License-Identifier: MIT
// Requests and objects.
#include "driver.h"

static NTSTATUS CompleteWith(PIRP Irp, NTSTATUS Status) {
  Irp->IoStatus.Status = Status;
  IoCompleteRequest(Irp, IO_NO_INCREMENT);
  return REQUEST_IS_DONE;
}

NTSTATUS CompleteTwice(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  CompleteWith(Irp, STATUS_SUCCESS);
  return CompleteWith(Irp, STATUS_SUCCESS);
}

NTSTATUS CompletePending(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return CompleteWith(Irp, STATUS_PENDING);
}

static VOID OnCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  IoReleaseCancelSpinLock(Irp->CancelIrql);
}

NTSTATUS LeaveCancelRoutine(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  IoSetCancelRoutine(Irp, OnCancel);
  return CompleteWith(Irp, STATUS_SUCCESS);
}

// The device's packets have one stack location: the one that is in use. (The executive's own packets have spare ones.)
NTSTATUS UseUpStackLocations(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  PIRP own = IoAllocateIrp(1, FALSE);
  if (own == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  IoSetNextIrpStackLocation(own);
  IoGetCurrentIrpStackLocation(own)->MajorFunction = IRP_MJ_INTERNAL_DEVICE_CONTROL;
  IoCallDriver(DeviceObject, own);
  return STATUS_SUCCESS;
}

static NTSTATUS SendToSelf(PDEVICE_OBJECT DeviceObject, PIO_COMPLETION_ROUTINE Routine) {
  PIRP irp = IoAllocateIrp(DeviceObject->StackSize, FALSE);
  if (irp == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_INTERNAL_DEVICE_CONTROL;
  IoSetCompletionRoutine(irp, Routine, NULL, TRUE, TRUE, TRUE);
  IoCallDriver(DeviceObject, irp);
  return STATUS_SUCCESS;
}

static NTSTATUS OnCompletionRaise(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context) {
  KIRQL old;
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Context);
  IoFreeIrp(Irp);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  return STATUS_MORE_PROCESSING_REQUIRED;
}

NTSTATUS CompletionRaisesIrql(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  return SendToSelf(DeviceObject, OnCompletionRaise);
}

static NTSTATUS OnCompletionEnter(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Context);
  IoFreeIrp(Irp);
  KeEnterCriticalRegion();
  return STATUS_MORE_PROCESSING_REQUIRED;
}

NTSTATUS CompletionEntersRegion(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  return SendToSelf(DeviceObject, OnCompletionEnter);
}

NTSTATUS DereferenceTooOften(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  OBJECT_ATTRIBUTES attributes;
  HANDLE handle;
  PKEVENT event;
  NTSTATUS status;
  int i;

  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
  status = ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE);
  if (!NT_SUCCESS(status)) return status;
  status = ObReferenceObjectByHandle(handle, EVENT_ALL_ACCESS, *ExEventObjectType, KernelMode, (PVOID*)&event, NULL);
  if (!NT_SUCCESS(status)) return status;
  ZwClose(handle);
  for (i = 0; i < 2; ++i) ObDereferenceObject(event);
  return STATUS_SUCCESS;
}

NTSTATUS ForwardWithCancelRoutine(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIRP own = IoAllocateIrp(DeviceObject->StackSize, FALSE);
  UNREFERENCED_PARAMETER(Irp);
  if (own == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  IoGetNextIrpStackLocation(own)->MajorFunction = IRP_MJ_INTERNAL_DEVICE_CONTROL;
  IoSetCancelRoutine(own, OnCancel);
  IoCallDriver(DeviceObject, own);
  return STATUS_SUCCESS;
}

NTSTATUS FreeIrpTwice(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIRP own = IoAllocateIrp(DeviceObject->StackSize, FALSE);
  UNREFERENCED_PARAMETER(Irp);
  if (own == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  IoFreeIrp(own);
  IoFreeIrp(own);
  return STATUS_SUCCESS;
}

NTSTATUS CloseBadHandle(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  return ZwClose((HANDLE)(ULONG_PTR)0xFFFFFFFF80001230);
}

// Not wrong: the device goes with its last handle.
NTSTATUS DeleteDeviceInUse(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  IoDeleteDevice(DeviceObject);
  return STATUS_SUCCESS;
}
