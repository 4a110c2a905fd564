// SPDX-License-Identifier: MIT
// A driver that does wrong what it is asked to do wrong.
#include "driver.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD Unload;
DRIVER_DISPATCH CreateClose;
DRIVER_DISPATCH Control;
DRIVER_DISPATCH InternalControl;

static BEHAVIOUR* const Behaviours[] = {
#define ENTRY(name) name,
    BEHAVIOURS(ENTRY)
#undef ENTRY
};

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status) {
  Irp->IoStatus.Status = Status;
  Irp->IoStatus.Information = 0;
  IoCompleteRequest(Irp, IO_NO_INCREMENT);
  return Status;
}

NTSTATUS CreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return Complete(Irp, STATUS_SUCCESS);
}

// What the driver sends to itself.
NTSTATUS InternalControl(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return Complete(Irp, STATUS_SUCCESS);
}

NTSTATUS Control(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  ULONG index = BEHAVIOUR_OF_IOCTL(IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.IoControlCode);
  NTSTATUS status;

  if (index >= BehaviourCount) return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST);
  status = Behaviours[index](DeviceObject, Irp);
  return status == REQUEST_IS_DONE ? STATUS_SUCCESS : Complete(Irp, status);
}

VOID Unload(PDRIVER_OBJECT DriverObject) {
  UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\??\\Misbehaviour");

  IoDeleteSymbolicLink(&link);
  if (DriverObject->DeviceObject != NULL) IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Misbehaviour");
  UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\??\\Misbehaviour");
  PDEVICE_OBJECT device;
  EXTENSION* extension;
  NTSTATUS status;

  UNREFERENCED_PARAMETER(RegistryPath);
  status = IoCreateDevice(DriverObject, sizeof(EXTENSION), &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
  if (!NT_SUCCESS(status)) return status;
  extension = ExtensionOf(device);
  KeInitializeTimer(&extension->Timer);
  KeInitializeSpinLock(&extension->Lock);
  ExInitializeFastMutex(&extension->FastMutex);
  KeInitializeMutex(&extension->Mutex, 0);
  DriverObject->MajorFunction[IRP_MJ_CREATE] = CreateClose;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = CreateClose;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
  DriverObject->MajorFunction[IRP_MJ_INTERNAL_DEVICE_CONTROL] = InternalControl;
  DriverObject->DriverUnload = Unload;
  return IoCreateSymbolicLink(&link, &name);
}
