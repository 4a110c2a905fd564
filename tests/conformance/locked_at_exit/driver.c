// SPDX-License-Identifier: MIT
#include "../common/test_driver.h"
#include "locked_at_exit.h"

static PIO_WORKITEM WorkItem;

// What IRP_MJ_CLEANUP of a file unlocks.
static struct {
  PFILE_OBJECT File;
  PMDL Mdl;
} Locked;

static BOOLEAN IsAll(PUCHAR Bytes, ULONG Length, UCHAR Value) {
  ULONG i;
  for (i = 0; i < Length && Bytes[i] == Value; ++i) {
  }
  return i == Length;
}

static VOID LookAndWrite(PMDL Mdl) {
  PUCHAR bytes = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
  ULONG length = MmGetMdlByteCount(Mdl);

  TEST_CHECK(bytes != NULL && IsAll(bytes, length, LAST_WRITTEN));
  RtlFillMemory(bytes, length, LAST_WRITTEN + 1);
  TEST_CHECK(IsAll(bytes, length, LAST_WRITTEN + 1));
}

static VOID Finish(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  PIRP irp = Context;

  UNREFERENCED_PARAMETER(DeviceObject);
  LookAndWrite(irp->MdlAddress);
  TestComplete(irp, STATUS_CANCELLED, 0);
}

static VOID OnCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  IoReleaseCancelSpinLock(Irp->CancelIrql);
  IoQueueWorkItem(WorkItem, Finish, DelayedWorkQueue, Irp);
}

static NTSTATUS KeepRequest(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  TEST_CHECK(WorkItem == NULL);
  WorkItem = IoAllocateWorkItem(DeviceObject);
  TEST_CHECK(WorkItem != NULL);
  IoMarkIrpPending(Irp);
  IoSetCancelRoutine(Irp, OnCancel);
  TEST_CHECK(!Irp->Cancel);
  return STATUS_PENDING;
}

static NTSTATUS KeepLocked(PIRP Irp) {
  NTSTATUS status = STATUS_SUCCESS;

  Locked.Mdl = IoAllocateMdl(Irp->UserBuffer, TestOutLength(Irp), FALSE, FALSE, NULL);
  TEST_CHECK(Locked.Mdl != NULL);
  __try {
    MmProbeAndLockPages(Locked.Mdl, UserMode, IoModifyAccess);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  TEST_CHECK(NT_SUCCESS(status));
  Locked.File = IoGetCurrentIrpStackLocation(Irp)->FileObject;
  return TestComplete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  return TestCodeOf(Irp) == IOCTL_KEEP_REQUEST ? KeepRequest(DeviceObject, Irp) : KeepLocked(Irp);
}

static NTSTATUS Cleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  if (IoGetCurrentIrpStackLocation(Irp)->FileObject == Locked.File) {
    LookAndWrite(Locked.Mdl);
    MmUnlockPages(Locked.Mdl);
    IoFreeMdl(Locked.Mdl);
    Locked.Mdl = NULL;
  }
  return TestCleanup(DeviceObject, Irp);
}

// Both have been looked at.
static VOID Unload(PDRIVER_OBJECT DriverObject) {
  TEST_CHECK(WorkItem != NULL && Locked.File != NULL && Locked.Mdl == NULL);
  IoFreeWorkItem(WorkItem);
  TestUnload(DriverObject);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Cleanup;
  DriverObject->DriverUnload = Unload;
  return STATUS_SUCCESS;
}
