// SPDX-License-Identifier: MIT
// METHOD_OUT_DIRECT and METHOD_IN_DIRECT: the I/O manager locks the application's own pages and hands them
// over as an MDL. No byte is copied: what one side writes, the other sees, while the request is still
// pending.
#include "../common/sample_driver.h"
#include "direct_io.h"

typedef struct _DIRECT_EXTENSION {
  KSPIN_LOCK Lock;
  PIRP Shared;  // the pending SHARE request
} DIRECT_EXTENSION, *PDIRECT_EXTENSION;

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD DirectUnload;
DRIVER_DISPATCH DirectControl;
DRIVER_DISPATCH DirectCleanup;
DRIVER_CANCEL DirectCancel;

// Takes the pending request out of the extension, unless somebody else is completing it.
static PIRP DirectTakeShared(PDIRECT_EXTENSION Extension) {
  KIRQL irql;
  PIRP irp;

  KeAcquireSpinLock(&Extension->Lock, &irql);
  irp = Extension->Shared;
  if (irp != NULL && IoSetCancelRoutine(irp, NULL) == NULL) irp = NULL;  // the cancel routine has it
  if (irp != NULL) Extension->Shared = NULL;
  KeReleaseSpinLock(&Extension->Lock, irql);
  return irp;
}

VOID DirectCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PDIRECT_EXTENSION extension = DeviceObject->DeviceExtension;
  KIRQL irql;

  IoReleaseCancelSpinLock(Irp->CancelIrql);
  KeAcquireSpinLock(&extension->Lock, &irql);
  if (extension->Shared == Irp) extension->Shared = NULL;
  KeReleaseSpinLock(&extension->Lock, irql);
  SampleComplete(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS DirectShare(PDIRECT_EXTENSION Extension, PIRP Irp) {
  NTSTATUS status = STATUS_PENDING;
  KIRQL irql;

  if (Irp->MdlAddress == NULL) return SampleComplete(Irp, STATUS_INVALID_PARAMETER, 0);
  KeAcquireSpinLock(&Extension->Lock, &irql);
  if (Extension->Shared != NULL) {
    status = STATUS_DEVICE_BUSY;
  } else {
    IoSetCancelRoutine(Irp, DirectCancel);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
      status = STATUS_CANCELLED;
    } else {
      IoMarkIrpPending(Irp);
      Extension->Shared = Irp;
    }
  }
  KeReleaseSpinLock(&Extension->Lock, irql);
  return status == STATUS_PENDING ? status : SampleComplete(Irp, status, 0);
}

// Adds up the 32-bit words of a locked buffer through the driver's own address of it.
static ULONG64 SumOfWords(const ULONG* Words, ULONG Length) {
  ULONG64 sum = 0;
  ULONG i;

  for (i = 0; i < Length / sizeof(ULONG); ++i) sum += Words[i];
  return sum;
}

static NTSTATUS DirectExchange(PDIRECT_EXTENSION Extension, PIRP Irp, ULONG OutLength) {
  EXCHANGE_REPLY* reply = Irp->AssociatedIrp.SystemBuffer;
  NTSTATUS status = STATUS_INVALID_DEVICE_STATE;
  KIRQL irql;

  if (OutLength < sizeof(*reply)) return SampleComplete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
  KeAcquireSpinLock(&Extension->Lock, &irql);
  if (Extension->Shared != NULL) {
    PMDL mdl = Extension->Shared->MdlAddress;
    PULONG words = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    status = STATUS_INSUFFICIENT_RESOURCES;
    if (words != NULL) {
      ULONG i, count = MmGetMdlByteCount(mdl) / sizeof(ULONG);
      reply->SystemAddress = (ULONG64)(ULONG_PTR)words;
      reply->SumOfWords = SumOfWords(words, MmGetMdlByteCount(mdl));
      for (i = 0; i < count; ++i) words[i] = ~words[i];  // the answer, seen by the application at once
      status = STATUS_SUCCESS;
    }
  }
  KeReleaseSpinLock(&Extension->Lock, irql);
  return SampleComplete(Irp, status, NT_SUCCESS(status) ? sizeof(*reply) : 0);
}

static NTSTATUS DirectSum(PIRP Irp, ULONG InLength) {
  ULONG64* expected = Irp->AssociatedIrp.SystemBuffer;
  const ULONG* words;

  if (Irp->MdlAddress == NULL || InLength < sizeof(*expected))
    return SampleComplete(Irp, STATUS_INVALID_PARAMETER, 0);
  words = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
  if (words == NULL) return SampleComplete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
  // METHOD_IN_DIRECT: the small input buffer was captured, the large one is read in place.
  return SampleComplete(
      Irp,
      SumOfWords(words, MmGetMdlByteCount(Irp->MdlAddress)) == *expected ? STATUS_SUCCESS : STATUS_DATA_ERROR,
      0);
}

NTSTATUS DirectControl(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PDIRECT_EXTENSION extension = DeviceObject->DeviceExtension;
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  PIRP shared;

  switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_SHARE:
      return DirectShare(extension, Irp);
    case IOCTL_EXCHANGE:
      return DirectExchange(extension, Irp, stack->Parameters.DeviceIoControl.OutputBufferLength);
    case IOCTL_FINISH:
      shared = DirectTakeShared(extension);
      if (shared == NULL) return SampleComplete(Irp, STATUS_INVALID_DEVICE_STATE, 0);
      SampleComplete(shared, STATUS_SUCCESS, MmGetMdlByteCount(shared->MdlAddress));
      return SampleComplete(Irp, STATUS_SUCCESS, 0);
    case IOCTL_SUM:
      return DirectSum(Irp, stack->Parameters.DeviceIoControl.InputBufferLength);
    case IOCTL_TOUCH:
      return SampleComplete(Irp, Irp->MdlAddress != NULL ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER, 0);
    default:
      return SampleComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

// The application closed its handle, or died: what it left pending is given back.
NTSTATUS DirectCleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIRP shared = DirectTakeShared(DeviceObject->DeviceExtension);

  if (shared != NULL) SampleComplete(shared, STATUS_CANCELLED, 0);
  return SampleComplete(Irp, STATUS_SUCCESS, 0);
}

VOID DirectUnload(PDRIVER_OBJECT DriverObject) {
  SampleDeleteDevice(DriverObject->DeviceObject, L"\\??\\DirectIo");
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  PDEVICE_OBJECT device;
  NTSTATUS status;

  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->MajorFunction[IRP_MJ_CREATE] = SampleCreateClose;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = SampleCreateClose;
  DriverObject->MajorFunction[IRP_MJ_CLEANUP] = DirectCleanup;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DirectControl;
  DriverObject->DriverUnload = DirectUnload;
  status = SampleCreateDevice(DriverObject, L"DirectIo", sizeof(DIRECT_EXTENSION), &device);
  if (NT_SUCCESS(status)) KeInitializeSpinLock(&((PDIRECT_EXTENSION)device->DeviceExtension)->Lock);
  return status;
}
