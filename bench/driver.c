// SPDX-License-Identifier: MIT
// The benchmark's driver: each request is answered with as little work as its method allows.
#include <ntddk.h>

#include "driver_interface.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD BenchUnload;
DRIVER_DISPATCH BenchCreateClose;
DRIVER_DISPATCH BenchCleanup;
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

// The memory that clients map, one at a time; allocated when the first one does.
typedef struct _BENCH_EXTENSION {
  FAST_MUTEX Mutex;
  PMDL SharedMdl;
  PVOID SystemAddress;
  PVOID UserAddress;
  PFILE_OBJECT MappedBy;
} BENCH_EXTENSION, *PBENCH_EXTENSION;

static VOID FreeShared(PBENCH_EXTENSION Extension) {
  if (Extension->SharedMdl == NULL) return;
  if (Extension->SystemAddress != NULL) MmUnmapLockedPages(Extension->SystemAddress, Extension->SharedMdl);
  Extension->SystemAddress = NULL;
  MmFreePagesFromMdl(Extension->SharedMdl);
  ExFreePool(Extension->SharedMdl);
  Extension->SharedMdl = NULL;
}

static NTSTATUS AllocateShared(PBENCH_EXTENSION Extension) {
  PHYSICAL_ADDRESS low = {0}, high, skip = {0};

  high.QuadPart = -1;
  Extension->SharedMdl = MmAllocatePagesForMdlEx(low, high, skip, BENCH_SHARED_BYTES, MmCached, MM_ALLOCATE_FULLY_REQUIRED);
  if (Extension->SharedMdl == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  Extension->SystemAddress = MmGetSystemAddressForMdlSafe(Extension->SharedMdl, NormalPagePriority | MdlMappingNoExecute);
  if (Extension->SystemAddress != NULL) return STATUS_SUCCESS;
  FreeShared(Extension);
  return STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS Map(PBENCH_EXTENSION Extension, PFILE_OBJECT File, PULONG64 Address) {
  NTSTATUS status;

  if (Extension->UserAddress != NULL) return STATUS_DEVICE_BUSY;
  if (Extension->SharedMdl == NULL) {
    status = AllocateShared(Extension);
    if (!NT_SUCCESS(status)) return status;
  }
  __try {
    Extension->UserAddress =
        MmMapLockedPagesSpecifyCache(Extension->SharedMdl, UserMode, MmCached, NULL, FALSE, NormalPagePriority);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    return GetExceptionCode();
  }
  if (Extension->UserAddress == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  Extension->MappedBy = File;
  *Address = (ULONG_PTR)Extension->UserAddress;
  return STATUS_SUCCESS;
}

static NTSTATUS Unmap(PBENCH_EXTENSION Extension, PFILE_OBJECT File) {
  if (Extension->UserAddress == NULL || Extension->MappedBy != File) return STATUS_INVALID_DEVICE_STATE;
  MmUnmapLockedPages(Extension->UserAddress, Extension->SharedMdl);
  Extension->UserAddress = NULL;
  Extension->MappedBy = NULL;
  return STATUS_SUCCESS;
}

static NTSTATUS Shared(PBENCH_EXTENSION Extension, PIO_STACK_LOCATION Stack, PVOID Buffer) {
  switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case BENCH_MAP:
      if (Stack->Parameters.DeviceIoControl.OutputBufferLength != sizeof(ULONG64)) return STATUS_INVALID_BUFFER_SIZE;
      return Map(Extension, Stack->FileObject, Buffer);
    case BENCH_UNMAP:
      return Unmap(Extension, Stack->FileObject);
    default:
      if (Stack->Parameters.DeviceIoControl.InputBufferLength != sizeof(UCHAR)) return STATUS_INVALID_BUFFER_SIZE;
      if (Extension->SystemAddress == NULL) return STATUS_INVALID_DEVICE_STATE;
      RtlFillMemory(Extension->SystemAddress, BENCH_SHARED_BYTES, *(PUCHAR)Buffer);
      return STATUS_SUCCESS;
  }
}

// A client that goes without having unmapped.
NTSTATUS BenchCleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PBENCH_EXTENSION extension = DeviceObject->DeviceExtension;

  ExAcquireFastMutex(&extension->Mutex);
  Unmap(extension, IoGetCurrentIrpStackLocation(Irp)->FileObject);
  ExReleaseFastMutex(&extension->Mutex);
  return Complete(Irp, STATUS_SUCCESS, 0);
}

NTSTATUS BenchControl(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PBENCH_EXTENSION extension = DeviceObject->DeviceExtension;
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  ULONG length = stack->Parameters.DeviceIoControl.OutputBufferLength;
  NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;

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
    case BENCH_MAP:
    case BENCH_UNMAP:
    case BENCH_FILL:
      ExAcquireFastMutex(&extension->Mutex);
      status = Shared(extension, stack, Irp->AssociatedIrp.SystemBuffer);
      ExReleaseFastMutex(&extension->Mutex);
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
  FreeShared(DriverObject->DeviceObject->DeviceExtension);
  IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  PDEVICE_OBJECT device;
  NTSTATUS status;

  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->MajorFunction[IRP_MJ_CREATE] = BenchCreateClose;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = BenchCreateClose;
  DriverObject->MajorFunction[IRP_MJ_CLEANUP] = BenchCleanup;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = BenchControl;
  DriverObject->DriverUnload = BenchUnload;
  status = IoCreateDevice(DriverObject, sizeof(BENCH_EXTENSION), &DeviceName, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE,
                          &device);
  if (!NT_SUCCESS(status)) return status;
  ExInitializeFastMutex(&((PBENCH_EXTENSION)device->DeviceExtension)->Mutex);
  status = IoCreateSymbolicLink(&LinkName, &DeviceName);
  if (!NT_SUCCESS(status)) IoDeleteDevice(device);
  return status;
}
