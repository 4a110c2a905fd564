// SPDX-License-Identifier: MIT
// The benchmark's driver: each request is answered with as little work as its method allows.
#include <ntddk.h>

#include "driver_interface.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD BenchUnload;
DRIVER_DISPATCH BenchCreateClose;
DRIVER_DISPATCH BenchControl;

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information) {
  Irp->IoStatus.Status = Status;
  Irp->IoStatus.Information = Information;
  IoCompleteRequest(Irp, IO_NO_INCREMENT);
  return Status;
}

// Changes the first and the last byte.
static NTSTATUS OutDirect(PMDL Mdl) {
  PUCHAR view = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority | MdlMappingNoExecute);

  if (view == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  ++view[0];
  ++view[MmGetMdlByteCount(Mdl) - 1];
  return STATUS_SUCCESS;
}

static NTSTATUS Neither(PVOID Buffer, ULONG Length) {
  __try {
    ProbeForWrite(Buffer, Length, sizeof(UCHAR));
    ++((volatile UCHAR*)Buffer)[0];
    ++((volatile UCHAR*)Buffer)[Length - 1];
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    return GetExceptionCode();
  }
  return STATUS_SUCCESS;
}

NTSTATUS BenchControl(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  ULONG length = stack->Parameters.DeviceIoControl.OutputBufferLength;
  NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;

  UNREFERENCED_PARAMETER(DeviceObject);
  if (length == 0) return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
  switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case BENCH_BUFFERED:
      // Input and output are the same buffer: the input goes back, changed by one.
      ++((PUCHAR)Irp->AssociatedIrp.SystemBuffer)[0];
      status = STATUS_SUCCESS;
      break;
    case BENCH_OUT_DIRECT:
      status = OutDirect(Irp->MdlAddress);
      break;
    case BENCH_NEITHER:
      status = Neither(Irp->UserBuffer, length);
      break;
  }
  return Complete(Irp, status, NT_SUCCESS(status) ? length : 0);
}

NTSTATUS BenchCreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return Complete(Irp, STATUS_SUCCESS, 0);
}

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\Ring3Bench");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\??\\Ring3Bench");

VOID BenchUnload(PDRIVER_OBJECT DriverObject) {
  IoDeleteSymbolicLink(&LinkName);
  IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  PDEVICE_OBJECT device;
  NTSTATUS status;

  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->MajorFunction[IRP_MJ_CREATE] = BenchCreateClose;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = BenchCreateClose;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = BenchControl;
  DriverObject->DriverUnload = BenchUnload;
  status = IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE,
                          &device);
  if (!NT_SUCCESS(status)) return status;
  status = IoCreateSymbolicLink(&LinkName, &DeviceName);
  if (!NT_SUCCESS(status)) IoDeleteDevice(device);
  return status;
}
