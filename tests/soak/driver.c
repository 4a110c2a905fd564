// SPDX-License-Identifier: MIT
// Every way of sharing memory, for clients that may be gone at any moment.
#include <ntifs.h>

#include "../conformance/common/test_driver.h"
#include "soak.h"

enum { MAPPED_PAGES = 3 };

// What a handle holds.
typedef struct _OF_FILE {
  FAST_MUTEX Lock;
  PMDL Locked;
  PMDL Mapped;
  PVOID Address;
} OF_FILE;

static struct {
  KSPIN_LOCK Lock;
  LIST_ENTRY Queue;
  KTIMER Timer;
  KDPC Dpc;
} Slow;

static VOID CompleteSlow(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) {
  LIST_ENTRY done;

  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(Argument1);
  UNREFERENCED_PARAMETER(Argument2);
  InitializeListHead(&done);
  KeAcquireSpinLockAtDpcLevel(&Slow.Lock);
  while (!IsListEmpty(&Slow.Queue)) InsertTailList(&done, RemoveHeadList(&Slow.Queue));
  KeReleaseSpinLockFromDpcLevel(&Slow.Lock);
  while (!IsListEmpty(&done)) {
    PIRP irp = CONTAINING_RECORD(RemoveHeadList(&done), IRP, Tail.Overlay.ListEntry);
    PUCHAR bytes =
        irp->MdlAddress == NULL ? NULL : MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
    if (bytes != NULL) RtlFillMemory(bytes, MmGetMdlByteCount(irp->MdlAddress), 0x51);
    TestComplete(irp, STATUS_SUCCESS, 0);
  }
}

static NTSTATUS Sum(PIRP Irp) {
  volatile UCHAR* input = IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.Type3InputBuffer;
  ULONG length = TestInLength(Irp), i;
  ULONG64 sum = 0;

  __try {
    ProbeForRead((PVOID)input, length, 1);
    ProbeForWrite(Irp->UserBuffer, sizeof(sum), 8);
    for (i = 0; i < length; ++i) sum += input[i];
    *(volatile ULONG64*)Irp->UserBuffer = sum;
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    return GetExceptionCode();
  }
  return STATUS_SUCCESS;
}

static VOID Unlock(OF_FILE* File) {
  if (File->Locked == NULL) return;
  MmUnlockPages(File->Locked);
  IoFreeMdl(File->Locked);
  File->Locked = NULL;
}

static NTSTATUS Lock(PIRP Irp) {
  OF_FILE* file = TestFileOf(Irp);
  NTSTATUS status = STATUS_SUCCESS;
  PUCHAR bytes;

  ExAcquireFastMutex(&file->Lock);
  Unlock(file);
  file->Locked = IoAllocateMdl(Irp->UserBuffer, TestOutLength(Irp), FALSE, FALSE, NULL);
  if (file->Locked == NULL) {
    ExReleaseFastMutex(&file->Lock);
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  __try {
    MmProbeAndLockPages(file->Locked, UserMode, IoWriteAccess);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
    IoFreeMdl(file->Locked);
    file->Locked = NULL;
  }
  if (NT_SUCCESS(status)) {
    bytes = MmGetSystemAddressForMdlSafe(file->Locked, NormalPagePriority);
    if (bytes != NULL) RtlFillMemory(bytes, TestOutLength(Irp), 0x52);
  }
  ExReleaseFastMutex(&file->Lock);
  return status;
}

static VOID Unmap(OF_FILE* File) {
  if (File->Mapped == NULL) return;
  MmUnmapLockedPages(File->Address, File->Mapped);
  MmFreePagesFromMdl(File->Mapped);
  ExFreePool(File->Mapped);
  File->Mapped = NULL;
}

static NTSTATUS Map(PIRP Irp) {
  OF_FILE* file = TestFileOf(Irp);
  PHYSICAL_ADDRESS low = {{0, 0}}, high, skip = {{0, 0}};
  NTSTATUS status = STATUS_SUCCESS;

  if (TestOutLength(Irp) != sizeof(PVOID)) return STATUS_INVALID_PARAMETER;
  high.QuadPart = -1;
  ExAcquireFastMutex(&file->Lock);
  Unmap(file);
  file->Mapped = MmAllocatePagesForMdlEx(low, high, skip, MAPPED_PAGES * PAGE_SIZE, MmCached,
                                         MM_ALLOCATE_FULLY_REQUIRED);
  if (file->Mapped == NULL) status = STATUS_INSUFFICIENT_RESOURCES;
  if (NT_SUCCESS(status)) {
    __try {
      file->Address = MmMapLockedPagesSpecifyCache(file->Mapped, UserMode, MmCached, NULL, FALSE,
                                                   NormalPagePriority | MdlMappingNoExecute);
      if (file->Address == NULL) status = STATUS_INSUFFICIENT_RESOURCES;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
      status = GetExceptionCode();
    }
    if (!NT_SUCCESS(status)) {
      MmFreePagesFromMdl(file->Mapped);
      ExFreePool(file->Mapped);
      file->Mapped = NULL;
    }
  }
  if (NT_SUCCESS(status)) *(PVOID*)Irp->AssociatedIrp.SystemBuffer = file->Address;
  ExReleaseFastMutex(&file->Lock);
  return status;
}

typedef struct _ATTACHED {
  PEPROCESS Process;
  volatile UCHAR* Address;
  ULONG Length;
  NTSTATUS Status;
} ATTACHED;

static VOID AttachedThread(PVOID Context) {
  ATTACHED* attached = Context;
  KAPC_STATE state;
  ULONG i;

  KeStackAttachProcess((PRKPROCESS)attached->Process, &state);
  __try {
    for (i = 0; i < attached->Length; ++i) ++attached->Address[i];
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    attached->Status = GetExceptionCode();
  }
  KeUnstackDetachProcess(&state);
  PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS Attach(PIRP Irp) {
  ATTACHED attached = {PsGetCurrentProcess(), Irp->UserBuffer, TestOutLength(Irp), STATUS_SUCCESS};
  HANDLE handle;
  PVOID thread;
  NTSTATUS status =
      PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, AttachedThread, &attached);

  if (!NT_SUCCESS(status)) return status;
  TEST_CHECK(
      NT_SUCCESS(ObReferenceObjectByHandle(handle, SYNCHRONIZE, *PsThreadType, KernelMode, &thread, NULL)));
  ZwClose(handle);
  KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
  ObDereferenceObject(thread);
  return attached.Status;
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  OF_FILE* file = TestFileOf(Irp);
  LARGE_INTEGER due;
  KIRQL irql;

  UNREFERENCED_PARAMETER(DeviceObject);
  switch (TestCodeOf(Irp)) {
    case IOCTL_SOAK_ECHO:
      return TestComplete(Irp, STATUS_SUCCESS, min(TestInLength(Irp), TestOutLength(Irp)));
    case IOCTL_SOAK_PEND:
      return TestPend(Irp);
    case IOCTL_SOAK_SLOW:
      IoMarkIrpPending(Irp);
      KeAcquireSpinLock(&Slow.Lock, &irql);
      InsertTailList(&Slow.Queue, &Irp->Tail.Overlay.ListEntry);
      KeReleaseSpinLock(&Slow.Lock, irql);
      due.QuadPart = -20000;
      KeSetTimer(&Slow.Timer, due, &Slow.Dpc);
      return STATUS_PENDING;
    case IOCTL_SOAK_SUM:
      return TestComplete(Irp, Sum(Irp), 0);
    case IOCTL_SOAK_LOCK:
      return TestComplete(Irp, Lock(Irp), 0);
    case IOCTL_SOAK_UNLOCK:
      ExAcquireFastMutex(&file->Lock);
      Unlock(file);
      ExReleaseFastMutex(&file->Lock);
      return TestComplete(Irp, STATUS_SUCCESS, 0);
    case IOCTL_SOAK_MAP:
      return TestComplete(Irp, Map(Irp), sizeof(PVOID));
    case IOCTL_SOAK_UNMAP:
      ExAcquireFastMutex(&file->Lock);
      Unmap(file);
      ExReleaseFastMutex(&file->Lock);
      return TestComplete(Irp, STATUS_SUCCESS, 0);
    case IOCTL_SOAK_ATTACH:
      return TestComplete(Irp, Attach(Irp), 0);
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
  Unlock(file);
  Unmap(file);
  ExReleaseFastMutex(&file->Lock);
}

static VOID SoakUnload(PDRIVER_OBJECT DriverObject) {
  KeCancelTimer(&Slow.Timer);
  KeFlushQueuedDpcs();
  TEST_CHECK(IsListEmpty(&Slow.Queue));
  TestUnload(DriverObject);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  KeInitializeSpinLock(&Slow.Lock);
  InitializeListHead(&Slow.Queue);
  KeInitializeTimer(&Slow.Timer);
  KeInitializeDpc(&Slow.Dpc, CompleteSlow, NULL);
  Test.FileBytes = sizeof(OF_FILE);
  Test.BeginFile = BeginFile;
  Test.CleanUpFile = CleanUpFile;
  DriverObject->DriverUnload = SoakUnload;
  return STATUS_SUCCESS;
}
