// SPDX-License-Identifier: MIT
#include <ntddk.h>

#include "hostile.h"

// What a file has mapped, in FsContext.
typedef struct _VIEW {
  FAST_MUTEX Lock;
  PVOID Address;
  BOOLEAN Closed;
} VIEW, *PVIEW;

static PVOID g_Page;
static PMDL g_Mdl;
static UNICODE_STRING g_LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\Ring3Hostile");

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information) {
  Irp->IoStatus.Status = Status;
  Irp->IoStatus.Information = Information;
  IoCompleteRequest(Irp, IO_NO_INCREMENT);
  return Status;
}

static VOID CancelPended(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  IoReleaseCancelSpinLock(Irp->CancelIrql);
  Complete(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS Pend(PIRP Irp) {
  IoMarkIrpPending(Irp);
  IoSetCancelRoutine(Irp, CancelPended);
  if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) Complete(Irp, STATUS_CANCELLED, 0);
  return STATUS_PENDING;
}

static NTSTATUS Fill(PIRP Irp) {
  PVOID bytes;
  if (Irp->MdlAddress == NULL) return Complete(Irp, STATUS_SUCCESS, 0);
  bytes = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
  if (bytes == NULL) return Complete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
  RtlFillMemory(bytes, MmGetMdlByteCount(Irp->MdlAddress), FILLED);
  return Complete(Irp, STATUS_SUCCESS, MmGetMdlByteCount(Irp->MdlAddress));
}

// The process is still that of the file's last handle, or of the request.
static VOID Unmap(PVIEW View) {
  if (View->Address != NULL) MmUnmapLockedPages(View->Address, g_Mdl);
  View->Address = NULL;
}

static NTSTATUS Map(PIRP Irp, PVIEW View, ULONG OutLength) {
  NTSTATUS status = STATUS_SUCCESS;

  if (OutLength < sizeof(PVOID)) return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
  ExAcquireFastMutex(&View->Lock);
  if (View->Address != NULL || View->Closed) {
    status = STATUS_INVALID_DEVICE_STATE;
  } else {
    __try {
      View->Address =
          MmMapLockedPagesSpecifyCache(g_Mdl, UserMode, MmCached, NULL, FALSE, NormalPagePriority | MdlMappingNoWrite);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
      status = GetExceptionCode();
    }
  }
  if (NT_SUCCESS(status)) *(PVOID*)Irp->AssociatedIrp.SystemBuffer = View->Address;
  ExReleaseFastMutex(&View->Lock);
  return Complete(Irp, status, NT_SUCCESS(status) ? sizeof(PVOID) : 0);
}

static NTSTATUS Control(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
  ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;

  UNREFERENCED_PARAMETER(DeviceObject);
  switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_ECHO:
      return Complete(Irp, STATUS_SUCCESS, in < out ? in : out);
    case IOCTL_FILL:
      return Fill(Irp);
    case IOCTL_PEND:
      return Pend(Irp);
    case IOCTL_MAP:
      return Map(Irp, stack->FileObject->FsContext, out);
    default:
      return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

static NTSTATUS Create(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PVIEW view = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(VIEW), 'tsoH');

  UNREFERENCED_PARAMETER(DeviceObject);
  if (view == NULL) return Complete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
  ExInitializeFastMutex(&view->Lock);
  IoGetCurrentIrpStackLocation(Irp)->FileObject->FsContext = view;
  return Complete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS Cleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PVIEW view = IoGetCurrentIrpStackLocation(Irp)->FileObject->FsContext;

  UNREFERENCED_PARAMETER(DeviceObject);
  ExAcquireFastMutex(&view->Lock);
  view->Closed = TRUE;
  Unmap(view);
  ExReleaseFastMutex(&view->Lock);
  return Complete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS Close(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  ExFreePoolWithTag(IoGetCurrentIrpStackLocation(Irp)->FileObject->FsContext, 'tsoH');
  return Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID Unload(PDRIVER_OBJECT DriverObject) {
  IoDeleteSymbolicLink(&g_LinkName);
  IoDeleteDevice(DriverObject->DeviceObject);
  IoFreeMdl(g_Mdl);
  ExFreePoolWithTag(g_Page, 'tsoH');
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Ring3Hostile");
  PDEVICE_OBJECT device;
  NTSTATUS status;

  UNREFERENCED_PARAMETER(RegistryPath);
  status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
  if (!NT_SUCCESS(status)) return status;
  IoCreateSymbolicLink(&g_LinkName, &name);
  g_Page = ExAllocatePool2(POOL_FLAG_NON_PAGED, PAGE_SIZE, 'tsoH');
  g_Mdl = IoAllocateMdl(g_Page, PAGE_SIZE, FALSE, FALSE, NULL);
  MmBuildMdlForNonPagedPool(g_Mdl);
  RtlCopyMemory(g_Page, PAGE_TEXT, sizeof(PAGE_TEXT));
  DriverObject->MajorFunction[IRP_MJ_CREATE] = Create;
  DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Cleanup;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = Close;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
  DriverObject->DriverUnload = Unload;
  return STATUS_SUCCESS;
}
