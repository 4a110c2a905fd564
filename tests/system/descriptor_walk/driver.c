// SPDX-License-Identifier: MIT
#include "../../conformance/common/test_driver.h"
#include "walk.h"

// What a handle has mapped or locked.
typedef struct _OF_FILE {
  PMDL Mapped;
  PVOID Address;
  BOOLEAN IsPool;
  BOOLEAN ReadOnly;
  PMDL Locked;
} OF_FILE;

static PVOID Secrets[WALK_SECRET_PAGES];

static VOID FillSecret(PVOID Memory, SIZE_T ByteCount) {
  SIZE_T i;
  for (i = 0; i < ByteCount / sizeof(ULONG64); ++i) ((ULONG64*)Memory)[i] = WALK_SECRET;
}

static VOID Free(PVOID Opaque) {
  OF_FILE* File = Opaque;

  if (File->Mapped != NULL) {
    MmUnmapLockedPages(File->Address, File->Mapped);
    if (File->IsPool) {
      PVOID block = MmGetMdlVirtualAddress(File->Mapped);
      IoFreeMdl(File->Mapped);
      ExFreePoolWithTag(block, 'klaW');
    } else {
      MmFreePagesFromMdl(File->Mapped);
      ExFreePool(File->Mapped);
    }
  }
  if (File->Locked != NULL) {
    MmUnlockPages(File->Locked);
    IoFreeMdl(File->Locked);
  }
  RtlZeroMemory(File, sizeof(*File));
}

static NTSTATUS Map(OF_FILE* File, ULONG Code, PVOID* Address) {
  PHYSICAL_ADDRESS low = {{0, 0}}, high, skip = {{0, 0}};
  NTSTATUS status = STATUS_SUCCESS;
  PVOID block;

  if (File->Mapped != NULL) return STATUS_ALREADY_COMMITTED;
  File->IsPool = Code == IOCTL_WALK_MAP_POOL;
  File->ReadOnly = Code == IOCTL_WALK_MAP_READ_ONLY;
  if (File->IsPool) {
    // A whole page: what a process sees of pool is pages.
    block = ExAllocatePool2(POOL_FLAG_NON_PAGED, PAGE_SIZE, 'klaW');
    if (block == NULL) return STATUS_INSUFFICIENT_RESOURCES;
    RtlFillMemory(block, PAGE_SIZE, WALK_SHARED);
    File->Mapped = IoAllocateMdl(block, PAGE_SIZE, FALSE, FALSE, NULL);
    if (File->Mapped == NULL) {
      ExFreePoolWithTag(block, 'klaW');
      return STATUS_INSUFFICIENT_RESOURCES;
    }
    MmBuildMdlForNonPagedPool(File->Mapped);
  } else {
    high.QuadPart = -1;
    File->Mapped = MmAllocatePagesForMdlEx(low, high, skip, WALK_PAGES * PAGE_SIZE, MmCached,
                                           MM_ALLOCATE_FULLY_REQUIRED);
    if (File->Mapped == NULL) return STATUS_INSUFFICIENT_RESOURCES;
    RtlFillMemory(MmGetSystemAddressForMdlSafe(File->Mapped, NormalPagePriority), WALK_PAGES * PAGE_SIZE,
                  WALK_SHARED);
  }
  __try {
    File->Address = MmMapLockedPagesSpecifyCache(
        File->Mapped, UserMode, MmCached, NULL, FALSE,
        NormalPagePriority | MdlMappingNoExecute | (File->ReadOnly ? MdlMappingNoWrite : 0));
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  TEST_CHECK(NT_SUCCESS(status) && File->Address != NULL);
  *Address = File->Address;
  return status;
}

static NTSTATUS Lock(OF_FILE* File, PIRP Irp) {
  NTSTATUS status = STATUS_SUCCESS;

  File->Locked = IoAllocateMdl(Irp->UserBuffer, TestOutLength(Irp), FALSE, FALSE, NULL);
  if (File->Locked == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  __try {
    MmProbeAndLockPages(File->Locked, UserMode, IoWriteAccess);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
    IoFreeMdl(File->Locked);
    File->Locked = NULL;
  }
  return status;
}

static NTSTATUS Check(OF_FILE* File) {
  UCHAR* bytes;
  ULONG i;

  if (File->Mapped == NULL || !File->ReadOnly) return STATUS_SUCCESS;
  bytes = MmGetSystemAddressForMdlSafe(File->Mapped, NormalPagePriority);
  for (i = 0; i < WALK_PAGES * PAGE_SIZE; ++i) {
    if (bytes[i] != WALK_SHARED) return STATUS_DATA_ERROR;
  }
  return STATUS_SUCCESS;
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  OF_FILE* file = TestFileOf(Irp);

  UNREFERENCED_PARAMETER(DeviceObject);
  switch (TestCodeOf(Irp)) {
    case IOCTL_WALK_MAP:
    case IOCTL_WALK_MAP_READ_ONLY:
    case IOCTL_WALK_MAP_POOL:
      if (TestOutLength(Irp) != sizeof(PVOID)) break;
      return TestComplete(Irp, Map(file, TestCodeOf(Irp), Irp->AssociatedIrp.SystemBuffer), sizeof(PVOID));
    case IOCTL_WALK_LOCK:
      return TestComplete(Irp, Lock(file, Irp), 0);
    case IOCTL_WALK_CHECK:
      return TestComplete(Irp, Check(file), 0);
    default:
      break;
  }
  return TestComplete(Irp, STATUS_INVALID_PARAMETER, 0);
}

static VOID WalkUnload(PDRIVER_OBJECT DriverObject) {
  ULONG i;
  for (i = 0; i < WALK_SECRET_PAGES; ++i) ExFreePoolWithTag(Secrets[i], 'klaW');
  TestUnload(DriverObject);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  ULONG i;

  // Blocks of all sizes, so that some share pages with what is mapped later.
  for (i = 0; i < WALK_SECRET_PAGES; ++i) {
    SIZE_T bytes = i % 2 == 0 ? PAGE_SIZE : 512 + i * 8;
    Secrets[i] = ExAllocatePool2(POOL_FLAG_NON_PAGED, bytes, 'klaW');
    TEST_CHECK(Secrets[i] != NULL);
    FillSecret(Secrets[i], bytes);
  }
  Test.FileBytes = sizeof(OF_FILE);
  Test.CleanUpFile = Free;
  DriverObject->DriverUnload = WalkUnload;
  return STATUS_SUCCESS;
}
