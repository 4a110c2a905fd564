// SPDX-License-Identifier: MIT
// Unmaps views when the thread that mapped them ends: one in its notify routine, the other in a cancel
// routine.
#include <ntddk.h>

#include "../common/test_driver.h"
#include "thread_exit_views.h"

static struct {
  PMDL Pages;
  PVOID Address;
} Views[VIEWS];
static HANDLE MappedBy;

static VOID Unmap(ULONG View) {
  TEST_CHECK(KeGetCurrentIrql() <= APC_LEVEL && PsGetCurrentThreadId() == MappedBy);
  TEST_CHECK(Views[View].Address != NULL);
  MmUnmapLockedPages(Views[View].Address, Views[View].Pages);
  Views[View].Address = NULL;
}

static VOID OnThread(HANDLE ProcessId, HANDLE ThreadId, BOOLEAN Create) {
  UNREFERENCED_PARAMETER(ProcessId);
  if (!Create && ThreadId == MappedBy) Unmap(BY_NOTIFY_ROUTINE);
}

static VOID OnCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  IoReleaseCancelSpinLock(Irp->CancelIrql);
  Unmap(BY_CANCEL_ROUTINE);
  TestComplete(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS Map(ULONG View) {
  TEST_CHECK(View < VIEWS && Views[View].Address == NULL);
  __try {
    Views[View].Address =
        MmMapLockedPagesSpecifyCache(Views[View].Pages, UserMode, MmCached, NULL, FALSE, NormalPagePriority);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    return GetExceptionCode();
  }
  MappedBy = PsGetCurrentThreadId();
  return STATUS_SUCCESS;
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PVOID buffer = Irp->AssociatedIrp.SystemBuffer;
  ULONG view;
  NTSTATUS status;

  UNREFERENCED_PARAMETER(DeviceObject);
  switch (TestCodeOf(Irp)) {
    case IOCTL_MAP:
      TEST_CHECK(TestInLength(Irp) == sizeof(ULONG) && TestOutLength(Irp) == sizeof(PVOID));
      view = *(ULONG*)buffer;
      status = Map(view);
      *(PVOID*)buffer = Views[view].Address;
      return TestComplete(Irp, status, sizeof(PVOID));
    case IOCTL_PEND:
      IoMarkIrpPending(Irp);
      IoSetCancelRoutine(Irp, OnCancel);
      return STATUS_PENDING;
    default:
      return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

static VOID Unload(PDRIVER_OBJECT DriverObject) {
  ULONG i;
  TEST_CHECK(NT_SUCCESS(PsRemoveCreateThreadNotifyRoutine(OnThread)));
  for (i = 0; i < VIEWS; ++i) {
    MmFreePagesFromMdl(Views[i].Pages);
    ExFreePool(Views[i].Pages);
  }
  TestUnload(DriverObject);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  PHYSICAL_ADDRESS low = {{0, 0}}, high, skip = {{0, 0}};
  ULONG i;

  high.QuadPart = -1;
  for (i = 0; i < VIEWS; ++i) {
    Views[i].Pages =
        MmAllocatePagesForMdlEx(low, high, skip, PAGE_SIZE, MmCached, MM_ALLOCATE_FULLY_REQUIRED);
    TEST_CHECK(Views[i].Pages != NULL);
  }
  DriverObject->DriverUnload = Unload;
  return PsSetCreateThreadNotifyRoutine(OnThread);
}
