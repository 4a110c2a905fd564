// SPDX-License-Identifier: MIT
// A region of driver memory that any number of processes may map. Who includes this supplies the memory:
//   NTSTATUS RegionAllocate(PREGION Region), which sets SystemAddress and Mdl (and LogicalAddress where there
//   is one), VOID RegionFree(PREGION Region).
#ifndef SHARED_REGION_DRIVER_H
#define SHARED_REGION_DRIVER_H

#include "sample_driver.h"
#include "shared_region.h"

typedef struct _REGION {
  PVOID SystemAddress;
  PMDL Mdl;
  PHYSICAL_ADDRESS LogicalAddress;
  PVOID Cookie;  // RegionAllocate's own
  KDPC Dpc;
  KEVENT DpcDone;
  ULONG64 SumOfWords;
  FAST_MUTEX ExchangeMutex;
} REGION, *PREGION;

static NTSTATUS RegionAllocate(PREGION Region);
static VOID RegionFree(PREGION Region);

// At DISPATCH_LEVEL, in an arbitrary process: the system address is good everywhere.
static VOID RegionDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) {
  PREGION region = Context;
  PULONG words = region->SystemAddress;
  ULONG i;

  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(Argument1);
  UNREFERENCED_PARAMETER(Argument2);
  region->SumOfWords = 0;
  for (i = 0; i < REGION_BYTES / sizeof(ULONG); ++i) {
    region->SumOfWords += words[i];
    words[i] = ~words[i];
  }
  KeSetEvent(&region->DpcDone, IO_NO_INCREMENT, FALSE);
}

// The view of a process is kept with its handle, so that it goes when the handle is closed or the process
// dies.
static NTSTATUS RegionMap(PREGION Region, PFILE_OBJECT FileObject, BOOLEAN ReadOnly,
                          REGION_MAP_REPLY* Reply) {
  PVOID view = NULL;

  if (FileObject->FsContext != NULL) return STATUS_ALREADY_COMMITTED;
  __try {
    view = MmMapLockedPagesSpecifyCache(
        Region->Mdl, UserMode, MmCached, NULL, FALSE,
        NormalPagePriority | MdlMappingNoExecute | (ReadOnly ? MdlMappingNoWrite : 0));
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    return GetExceptionCode();
  }
  if (view == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  FileObject->FsContext = view;
  Reply->UserAddress = (ULONG64)(ULONG_PTR)view;
  Reply->SystemAddress = (ULONG64)(ULONG_PTR)Region->SystemAddress;
  Reply->LogicalAddress = (ULONG64)Region->LogicalAddress.QuadPart;
  Reply->Length = REGION_BYTES;
  return STATUS_SUCCESS;
}

static VOID RegionUnmap(PREGION Region, PFILE_OBJECT FileObject) {
  PVOID view = FileObject->FsContext;

  FileObject->FsContext = NULL;
  if (view != NULL) MmUnmapLockedPages(view, Region->Mdl);
}

static VOID RegionExchange(PREGION Region, REGION_EXCHANGE_REPLY* Reply) {
  ExAcquireFastMutex(&Region->ExchangeMutex);
  KeClearEvent(&Region->DpcDone);
  KeInsertQueueDpc(&Region->Dpc, NULL, NULL);
  KeWaitForSingleObject(&Region->DpcDone, Executive, KernelMode, FALSE, NULL);
  Reply->SumOfWords = Region->SumOfWords;
  ExReleaseFastMutex(&Region->ExchangeMutex);
}

static NTSTATUS RegionControl(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PREGION region = DeviceObject->DeviceExtension;
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  ULONG inLength = stack->Parameters.DeviceIoControl.InputBufferLength;
  ULONG outLength = stack->Parameters.DeviceIoControl.OutputBufferLength;
  PVOID buffer = Irp->AssociatedIrp.SystemBuffer;
  NTSTATUS status;

  switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_REGION_MAP: {
      BOOLEAN readOnly;

      if (inLength < sizeof(REGION_MAP_REQUEST) || outLength < sizeof(REGION_MAP_REPLY)) break;
      readOnly = ((REGION_MAP_REQUEST*)buffer)->ReadOnly;
      status = RegionMap(region, stack->FileObject, readOnly, buffer);
      return SampleComplete(Irp, status, NT_SUCCESS(status) ? sizeof(REGION_MAP_REPLY) : 0);
    }
    case IOCTL_REGION_UNMAP:
      RegionUnmap(region, stack->FileObject);
      return SampleComplete(Irp, STATUS_SUCCESS, 0);
    case IOCTL_REGION_EXCHANGE:
      if (outLength < sizeof(REGION_EXCHANGE_REPLY)) break;
      RegionExchange(region, buffer);
      return SampleComplete(Irp, STATUS_SUCCESS, sizeof(REGION_EXCHANGE_REPLY));
    default:
      return SampleComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
  return SampleComplete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
}

// The handle is closed, in the context of the process that mapped the view.
static NTSTATUS RegionCleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  RegionUnmap(DeviceObject->DeviceExtension, IoGetCurrentIrpStackLocation(Irp)->FileObject);
  return SampleComplete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS RegionDriverEntry(PDRIVER_OBJECT DriverObject, PCWSTR DeviceName, PCWSTR LinkName) {
  PDEVICE_OBJECT device;
  PREGION region;
  NTSTATUS status;

  DriverObject->MajorFunction[IRP_MJ_CREATE] = SampleCreateClose;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = SampleCreateClose;
  DriverObject->MajorFunction[IRP_MJ_CLEANUP] = RegionCleanup;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = RegionControl;
  status = SampleCreateDeviceNamed(DriverObject, DeviceName, LinkName, sizeof(REGION), &device);
  if (!NT_SUCCESS(status)) return status;
  region = device->DeviceExtension;
  KeInitializeDpc(&region->Dpc, RegionDpc, region);
  KeInitializeEvent(&region->DpcDone, NotificationEvent, FALSE);
  ExInitializeFastMutex(&region->ExchangeMutex);
  status = RegionAllocate(region);
  if (!NT_SUCCESS(status)) SampleDeleteDevice(device, LinkName);
  return status;
}

static VOID RegionDriverUnload(PDRIVER_OBJECT DriverObject, PCWSTR LinkName) {
  RegionFree(DriverObject->DeviceObject->DeviceExtension);
  SampleDeleteDevice(DriverObject->DeviceObject, LinkName);
}

#endif
