// SPDX-License-Identifier: MIT
// Gives back what it gets.
#include <ntddk.h>

#include "idle_clients.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD IdleUnload;
DRIVER_DISPATCH IdleCreateClose;
DRIVER_DISPATCH IdleControl;

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\IdleClients");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\??\\IdleClients");

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information) {
  Irp->IoStatus.Status = Status;
  Irp->IoStatus.Information = Information;
  IoCompleteRequest(Irp, IO_NO_INCREMENT);
  return Status;
}

NTSTATUS IdleCreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return Complete(Irp, STATUS_SUCCESS, 0);
}

NTSTATUS IdleControl(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);

  UNREFERENCED_PARAMETER(DeviceObject);
  if (stack->Parameters.DeviceIoControl.IoControlCode != IDLE_ECHO) return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  return Complete(Irp, STATUS_SUCCESS,
                  min(stack->Parameters.DeviceIoControl.InputBufferLength, stack->Parameters.DeviceIoControl.OutputBufferLength));
}

VOID IdleUnload(PDRIVER_OBJECT DriverObject) {
  IoDeleteSymbolicLink(&LinkName);
  IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  PDEVICE_OBJECT device;
  NTSTATUS status;

  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->MajorFunction[IRP_MJ_CREATE] = IdleCreateClose;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = IdleCreateClose;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = IdleControl;
  DriverObject->DriverUnload = IdleUnload;
  status = IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
  if (!NT_SUCCESS(status)) return status;
  status = IoCreateSymbolicLink(&LinkName, &DeviceName);
  if (!NT_SUCCESS(status)) IoDeleteDevice(device);
  return status;
}
