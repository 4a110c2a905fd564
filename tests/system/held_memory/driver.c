// SPDX-License-Identifier: MIT
// Holds memory of an application that has ended, for as long as others want.
#include "../../conformance/common/test_driver.h"
#include "held_memory.h"

static struct {
  FAST_MUTEX Lock;
  PIRP Irp;            // the request that holds it; or null
  PFILE_OBJECT File;   // whose IRP_MJ_CLEANUP lets go of it; or null
  PMDL Mdl;
  PUCHAR Bytes;
  KEVENT Ended;
  KEVENT Release;
} Held;

static NTSTATUS Hold(PMDL Mdl) {
  TEST_CHECK(Held.Mdl == NULL);
  KeClearEvent(&Held.Ended);
  KeClearEvent(&Held.Release);
  Held.Bytes = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
  if (Held.Bytes == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  Held.Mdl = Mdl;
  return STATUS_SUCCESS;
}

// The request is completed later.
static VOID OnCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  IoReleaseCancelSpinLock(Irp->CancelIrql);
  KeSetEvent(&Held.Ended, IO_NO_INCREMENT, FALSE);
}

static NTSTATUS HoldRequest(PIRP Irp) {
  NTSTATUS status = Hold(Irp->MdlAddress);

  if (!NT_SUCCESS(status)) return TestComplete(Irp, status, 0);
  Held.Irp = Irp;
  IoMarkIrpPending(Irp);
  IoSetCancelRoutine(Irp, OnCancel);
  TEST_CHECK(!Irp->Cancel);
  return STATUS_PENDING;
}

static NTSTATUS HoldPages(PIRP Irp) {
  PMDL mdl = IoAllocateMdl(Irp->UserBuffer, TestOutLength(Irp), FALSE, FALSE, NULL);
  NTSTATUS status = STATUS_SUCCESS;

  TEST_CHECK(mdl != NULL);
  __try {
    MmProbeAndLockPages(mdl, UserMode, IoModifyAccess);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  TEST_CHECK(NT_SUCCESS(status));
  status = Hold(mdl);
  TEST_CHECK(NT_SUCCESS(status));
  Held.File = IoGetCurrentIrpStackLocation(Irp)->FileObject;
  return STATUS_SUCCESS;
}

static VOID Release(VOID) {
  PIRP irp = Held.Irp;

  if (irp == NULL) {
    KeSetEvent(&Held.Release, IO_NO_INCREMENT, FALSE);
    return;
  }
  IoSetCancelRoutine(irp, NULL);
  Held.Irp = NULL;
  Held.Mdl = NULL;
  TestComplete(irp, STATUS_CANCELLED, 0);
}

static NTSTATUS Look(PIRP Irp) {
  UCHAR value = *(UCHAR*)Irp->AssociatedIrp.SystemBuffer;
  COUNTS counts = {0, 0};
  ULONG i;

  if (Held.Mdl == NULL || TestInLength(Irp) != sizeof(value) || TestOutLength(Irp) != sizeof(counts)) {
    return TestComplete(Irp, STATUS_INVALID_PARAMETER, 0);
  }
  counts.Length = MmGetMdlByteCount(Held.Mdl);
  if (TestCodeOf(Irp) == IOCTL_FILL) RtlFillMemory(Held.Bytes, counts.Length, value);
  for (i = 0; i < counts.Length; ++i) counts.Equal += Held.Bytes[i] == value;
  *(COUNTS*)Irp->AssociatedIrp.SystemBuffer = counts;
  return TestComplete(Irp, STATUS_SUCCESS, sizeof(counts));
}

static NTSTATUS Overwrite(PIRP Irp) {
  PVOID bytes = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
  TEST_CHECK(bytes != NULL);
  RtlFillMemory(bytes, TestOutLength(Irp), OVERWRITTEN);
  return TestComplete(Irp, STATUS_SUCCESS, TestOutLength(Irp));
}

static NTSTATUS DispatchLocked(PIRP Irp) {
  switch (TestCodeOf(Irp)) {
    case IOCTL_HOLD_REQUEST:
      return HoldRequest(Irp);
    case IOCTL_HOLD_PAGES:
      return TestComplete(Irp, HoldPages(Irp), 0);
    case IOCTL_LOOK:
    case IOCTL_FILL:
      return Look(Irp);
    case IOCTL_RELEASE:
      Release();
      return TestComplete(Irp, STATUS_SUCCESS, 0);
    case IOCTL_OVERWRITE:
      return Overwrite(Irp);
    default:
      return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  NTSTATUS status;

  UNREFERENCED_PARAMETER(DeviceObject);
  if (TestCodeOf(Irp) == IOCTL_AWAIT_END)
    return TestComplete(Irp, KeWaitForSingleObject(&Held.Ended, UserRequest, UserMode, FALSE, NULL), 0);
  ExAcquireFastMutex(&Held.Lock);
  status = DispatchLocked(Irp);
  ExReleaseFastMutex(&Held.Lock);
  return status;
}

static NTSTATUS Cleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  BOOLEAN holds;

  ExAcquireFastMutex(&Held.Lock);
  holds = IoGetCurrentIrpStackLocation(Irp)->FileObject == Held.File;
  ExReleaseFastMutex(&Held.Lock);
  if (holds) {
    KeSetEvent(&Held.Ended, IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(&Held.Release, Executive, KernelMode, FALSE, NULL);
    ExAcquireFastMutex(&Held.Lock);
    MmUnlockPages(Held.Mdl);
    IoFreeMdl(Held.Mdl);
    Held.Mdl = NULL;
    Held.File = NULL;
    ExReleaseFastMutex(&Held.Lock);
  }
  return TestCleanup(DeviceObject, Irp);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  ExInitializeFastMutex(&Held.Lock);
  KeInitializeEvent(&Held.Ended, NotificationEvent, FALSE);
  KeInitializeEvent(&Held.Release, NotificationEvent, FALSE);
  DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Cleanup;
  return STATUS_SUCCESS;
}
