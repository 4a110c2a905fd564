// SPDX-License-Identifier: MIT
#include "../../conformance/common/test_driver.h"
#include "hostile.h"

// What a file has mapped.
typedef struct _VIEW {
  FAST_MUTEX Lock;
  PVOID Address;
  BOOLEAN Closed;
} VIEW;

static PVOID Page;
static PMDL PageMdl;

static NTSTATUS Fill(PIRP Irp) {
  PVOID bytes;

  if (Irp->MdlAddress == NULL) return TestComplete(Irp, STATUS_SUCCESS, 0);
  bytes = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
  if (bytes == NULL) return TestComplete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
  RtlFillMemory(bytes, MmGetMdlByteCount(Irp->MdlAddress), FILLED);
  return TestComplete(Irp, STATUS_SUCCESS, MmGetMdlByteCount(Irp->MdlAddress));
}

static NTSTATUS Map(PIRP Irp) {
  VIEW* view = TestFileOf(Irp);
  NTSTATUS status = STATUS_SUCCESS;

  if (TestOutLength(Irp) < sizeof(PVOID)) return TestComplete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
  ExAcquireFastMutex(&view->Lock);
  if (view->Address != NULL || view->Closed) {
    status = STATUS_INVALID_DEVICE_STATE;
  } else {
    __try {
      view->Address = MmMapLockedPagesSpecifyCache(PageMdl, UserMode, MmCached, NULL, FALSE,
                                                   NormalPagePriority | MdlMappingNoWrite);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
      status = GetExceptionCode();
    }
  }
  if (NT_SUCCESS(status)) *(PVOID*)Irp->AssociatedIrp.SystemBuffer = view->Address;
  ExReleaseFastMutex(&view->Lock);
  return TestComplete(Irp, status, NT_SUCCESS(status) ? sizeof(PVOID) : 0);
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  switch (TestCodeOf(Irp)) {
    case IOCTL_ECHO:
      return TestComplete(Irp, STATUS_SUCCESS, min(TestInLength(Irp), TestOutLength(Irp)));
    case IOCTL_FILL:
      return Fill(Irp);
    case IOCTL_PEND:
      return TestPend(Irp);
    case IOCTL_MAP:
      return Map(Irp);
    default:
      return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

static VOID BeginView(PVOID File) {
  ExInitializeFastMutex(&((VIEW*)File)->Lock);
}

static VOID CleanUpView(PVOID File) {
  VIEW* view = File;

  ExAcquireFastMutex(&view->Lock);
  view->Closed = TRUE;
  if (view->Address != NULL) MmUnmapLockedPages(view->Address, PageMdl);
  view->Address = NULL;
  ExReleaseFastMutex(&view->Lock);
}

static VOID HostileUnload(PDRIVER_OBJECT DriverObject) {
  TestUnload(DriverObject);
  IoFreeMdl(PageMdl);
  ExFreePoolWithTag(Page, 'tsoH');
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  Page = ExAllocatePool2(POOL_FLAG_NON_PAGED, PAGE_SIZE, 'tsoH');
  TEST_CHECK(Page != NULL);
  PageMdl = IoAllocateMdl(Page, PAGE_SIZE, FALSE, FALSE, NULL);
  TEST_CHECK(PageMdl != NULL);
  MmBuildMdlForNonPagedPool(PageMdl);
  RtlCopyMemory(Page, PAGE_TEXT, sizeof(PAGE_TEXT));
  Test.FileBytes = sizeof(VIEW);
  Test.BeginFile = BeginView;
  Test.CleanUpFile = CleanUpView;
  DriverObject->DriverUnload = HostileUnload;
  return STATUS_SUCCESS;
}
