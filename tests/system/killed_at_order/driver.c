// SPDX-License-Identifier: MIT
// Locks and maps for applications that may be gone under way, and tells others how it went.
#include <ntifs.h>

#include "../../conformance/common/test_driver.h"
#include "killed_at_order.h"

// What a handle holds.
typedef struct _OF_FILE {
  FAST_MUTEX Lock;
  PVOID View;
} OF_FILE;

static PMDL Pages;

static struct {
  FAST_MUTEX Lock;
  PEPROCESS Process;
  PVOID Address;
  ULONG Length;
} Offer;

static struct {
  KEVENT Event;
  volatile LONG Status;
} Outcome;

static NTSTATUS Tell(NTSTATUS Status) {
  InterlockedExchange(&Outcome.Status, Status);
  KeSetEvent(&Outcome.Event, IO_NO_INCREMENT, FALSE);
  return Status;
}

// `Process` null: the current one.
static NTSTATUS Lock(PEPROCESS Process, PVOID Address, ULONG Length) {
  PMDL mdl = IoAllocateMdl(Address, Length, FALSE, FALSE, NULL);
  NTSTATUS status = STATUS_SUCCESS;
  PVOID bytes;

  TEST_CHECK(mdl != NULL);
  __try {
    if (Process == NULL) {
      MmProbeAndLockPages(mdl, UserMode, IoModifyAccess);
    } else {
      MmProbeAndLockProcessPages(mdl, Process, UserMode, IoModifyAccess);
    }
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  if (NT_SUCCESS(status)) {
    bytes = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    TEST_CHECK(bytes != NULL);
    RtlFillMemory(bytes, Length, FILLED);
    MmUnlockPages(mdl);
  }
  IoFreeMdl(mdl);
  return Tell(status);
}

static NTSTATUS MakeOffer(PIRP Irp) {
  ExAcquireFastMutex(&Offer.Lock);
  TEST_CHECK(Offer.Process == NULL);
  Offer.Process = PsGetCurrentProcess();
  ObReferenceObject(Offer.Process);
  Offer.Address = Irp->UserBuffer;
  Offer.Length = TestOutLength(Irp);
  ExReleaseFastMutex(&Offer.Lock);
  return STATUS_SUCCESS;
}

static NTSTATUS TakeOffer(VOID) {
  PEPROCESS process;
  NTSTATUS status;

  ExAcquireFastMutex(&Offer.Lock);
  process = Offer.Process;
  Offer.Process = NULL;
  ExReleaseFastMutex(&Offer.Lock);
  if (process == NULL) return STATUS_INVALID_DEVICE_STATE;
  status = Lock(process, Offer.Address, Offer.Length);
  ObDereferenceObject(process);
  return status;
}

static NTSTATUS Map(PIRP Irp, ULONG Rights) {
  OF_FILE* file = TestFileOf(Irp);
  NTSTATUS status = STATUS_SUCCESS;

  if (TestOutLength(Irp) != sizeof(PVOID)) return STATUS_INVALID_PARAMETER;
  ExAcquireFastMutex(&file->Lock);
  TEST_CHECK(file->View == NULL);
  __try {
    file->View =
        MmMapLockedPagesSpecifyCache(Pages, UserMode, MmCached, NULL, FALSE, NormalPagePriority | Rights);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  *(PVOID*)Irp->AssociatedIrp.SystemBuffer = file->View;
  ExReleaseFastMutex(&file->Lock);
  return Tell(status);
}

static NTSTATUS FillDirect(PIRP Irp) {
  PVOID bytes = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
  TEST_CHECK(bytes != NULL);
  RtlFillMemory(bytes, TestOutLength(Irp), FILLED);
  return STATUS_SUCCESS;
}

static NTSTATUS WaitForOutcome(PIRP Irp) {
  NTSTATUS status = KeWaitForSingleObject(&Outcome.Event, UserRequest, UserMode, FALSE, NULL);
  if (TestOutLength(Irp) != sizeof(LONG)) return STATUS_INVALID_PARAMETER;
  *(LONG*)Irp->AssociatedIrp.SystemBuffer = ReadAcquire(&Outcome.Status);
  return status;
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  switch (TestCodeOf(Irp)) {
    case IOCTL_LOCK:
      return TestComplete(Irp, Lock(NULL, Irp->UserBuffer, TestOutLength(Irp)), 0);
    case IOCTL_LOCK_DIRECT:
      return TestComplete(Irp, FillDirect(Irp), TestOutLength(Irp));
    case IOCTL_OFFER:
      return TestComplete(Irp, MakeOffer(Irp), 0);
    case IOCTL_LOCK_OFFERED:
      return TestComplete(Irp, TakeOffer(), 0);
    case IOCTL_MAP_TO_READ:
      return TestComplete(Irp, Map(Irp, MdlMappingNoWrite), sizeof(PVOID));
    case IOCTL_MAP_TO_WRITE:
      return TestComplete(Irp, Map(Irp, 0), sizeof(PVOID));
    case IOCTL_OUTCOME:
      return TestComplete(Irp, WaitForOutcome(Irp), sizeof(LONG));
    default:
      return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

static VOID BeginFile(PVOID File) {
  ExInitializeFastMutex(&((OF_FILE*)File)->Lock);
}

static VOID CleanUpFile(PVOID File) {
  OF_FILE* file = File;

  ExAcquireFastMutex(&file->Lock);
  if (file->View != NULL) MmUnmapLockedPages(file->View, Pages);
  file->View = NULL;
  ExReleaseFastMutex(&file->Lock);
}

static VOID Unload(PDRIVER_OBJECT DriverObject) {
  MmFreePagesFromMdl(Pages);
  ExFreePool(Pages);
  TestUnload(DriverObject);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  PHYSICAL_ADDRESS low = {{0, 0}}, high, skip = {{0, 0}};
  PVOID bytes;

  high.QuadPart = -1;
  ExInitializeFastMutex(&Offer.Lock);
  KeInitializeEvent(&Outcome.Event, SynchronizationEvent, FALSE);
  Pages = MmAllocatePagesForMdlEx(low, high, skip, MAPPED_PAGES * PAGE_SIZE, MmCached,
                                  MM_ALLOCATE_FULLY_REQUIRED);
  if (Pages == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  bytes = MmGetSystemAddressForMdlSafe(Pages, NormalPagePriority);
  TEST_CHECK(bytes != NULL);
  RtlCopyMemory(bytes, MAPPED_TEXT, sizeof(MAPPED_TEXT));
  Test.FileBytes = sizeof(OF_FILE);
  Test.BeginFile = BeginFile;
  Test.CleanUpFile = CleanUpFile;
  DriverObject->DriverUnload = Unload;
  return STATUS_SUCCESS;
}
