// SPDX-License-Identifier: MIT
// Shares memory with an application, and forgets to undo that where it is asked to.
#include "../../conformance/common/test_driver.h"
#include "unload.h"

static PMDL Locked, Mapped;
static PVOID Page, View;
static BOOLEAN Forgets, Frees;

static NTSTATUS LockPages(PIRP Irp) {
  NTSTATUS status = STATUS_SUCCESS;

  Locked = IoAllocateMdl(Irp->UserBuffer, TestOutLength(Irp), FALSE, FALSE, NULL);
  TEST_CHECK(Locked != NULL);
  __try {
    MmProbeAndLockPages(Locked, UserMode, IoModifyAccess);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  TEST_CHECK(NT_SUCCESS(status));
  return status;
}

static NTSTATUS MapPage(PIRP Irp) {
  NTSTATUS status = STATUS_SUCCESS;

  __try {
    View = MmMapLockedPagesSpecifyCache(Mapped, UserMode, MmCached, NULL, FALSE, NormalPagePriority);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  TEST_CHECK(NT_SUCCESS(status) && TestOutLength(Irp) == sizeof(View));
  *(PVOID*)Irp->AssociatedIrp.SystemBuffer = View;
  return status;
}

static NTSTATUS Fill(VOID) {
  PVOID bytes = MmGetSystemAddressForMdlSafe(Locked, NormalPagePriority);
  TEST_CHECK(bytes != NULL);
  RtlFillMemory(bytes, MmGetMdlByteCount(Locked), FILLED);
  return STATUS_SUCCESS;
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  switch (TestCodeOf(Irp)) {
    case IOCTL_LOCK:
      return TestComplete(Irp, LockPages(Irp), 0);
    case IOCTL_MAP:
      return TestComplete(Irp, MapPage(Irp), sizeof(PVOID));
    case IOCTL_FORGET:
      Forgets = TRUE;
      return TestComplete(Irp, STATUS_SUCCESS, 0);
    case IOCTL_FREE:
      Forgets = Frees = TRUE;
      return TestComplete(Irp, STATUS_SUCCESS, 0);
    case IOCTL_FILL:
      return TestComplete(Irp, Fill(), 0);
    default:
      return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

static NTSTATUS Cleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  if (!Forgets && View != NULL) {
    MmUnmapLockedPages(View, Mapped);
    View = NULL;
  }
  if (!Forgets && Locked != NULL) {
    MmUnlockPages(Locked);
    IoFreeMdl(Locked);
    Locked = NULL;
  }
  return TestCleanup(DeviceObject, Irp);
}

static VOID Unload(PDRIVER_OBJECT DriverObject) {
  TestUnload(DriverObject);
  if (!Frees && View != NULL) return;
  IoFreeMdl(Mapped);
  MmFreeContiguousMemory(Page);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  PHYSICAL_ADDRESS highest;

  highest.QuadPart = -1;
  Page = MmAllocateContiguousMemory(PAGE_SIZE, highest);
  if (Page == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  RtlZeroMemory(Page, PAGE_SIZE);
  RtlCopyMemory(Page, PAGE_TEXT, sizeof(PAGE_TEXT));
  Mapped = IoAllocateMdl(Page, PAGE_SIZE, FALSE, FALSE, NULL);
  TEST_CHECK(Mapped != NULL);
  MmBuildMdlForNonPagedPool(Mapped);
  DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Cleanup;
  DriverObject->DriverUnload = Unload;
  return STATUS_SUCCESS;
}
