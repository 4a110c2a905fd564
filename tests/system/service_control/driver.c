// SPDX-License-Identifier: MIT
// Answers each request with its argument plus one.
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD Unload;
DRIVER_DISPATCH OpenClose;
DRIVER_DISPATCH Control;

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information) {
  Irp->IoStatus.Status = Status;
  Irp->IoStatus.Information = Information;
  IoCompleteRequest(Irp, IO_NO_INCREMENT);
  return Status;
}

NTSTATUS OpenClose(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return Complete(Irp, STATUS_SUCCESS, 0);
}

NTSTATUS Control(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  PULONG value = Irp->AssociatedIrp.SystemBuffer;
  UNREFERENCED_PARAMETER(DeviceObject);
  if (stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(ULONG) ||
      stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(ULONG)) {
    return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
  }
  ++*value;
  return Complete(Irp, STATUS_SUCCESS, sizeof(ULONG));
}

VOID Unload(PDRIVER_OBJECT DriverObject) {
  UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\ServiceControl");
  IoDeleteSymbolicLink(&link);
  IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\ServiceControl");
  UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\ServiceControl");
  PDEVICE_OBJECT device;
  NTSTATUS status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
  UNREFERENCED_PARAMETER(RegistryPath);
  if (!NT_SUCCESS(status)) return status;
  status = IoCreateSymbolicLink(&link, &name);
  if (!NT_SUCCESS(status)) {
    IoDeleteDevice(device);
    return status;
  }
  DriverObject->MajorFunction[IRP_MJ_CREATE] = OpenClose;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = OpenClose;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
  DriverObject->DriverUnload = Unload;
  return STATUS_SUCCESS;
}
