// SPDX-License-Identifier: MIT
// Leaves requests pending, and notes how they and their handles end.
#include <ntifs.h>

#include "../../conformance/common/test_driver.h"
#include "client_ends.h"

typedef struct _OF_FILE {
  ULONG Number;
  ULONG Process;
} OF_FILE;

static IO_CSQ Pended;

static struct {
  KSPIN_LOCK Lock;
  ULONG Files;
  ULONG Count;
  ULONG Processes[MOST_EVENTS];
  LOG All;
} Noted;

static VOID Note(PIRP Irp, ULONG Code, UCHAR Major) {
  OF_FILE* file = TestFileOf(Irp);
  KIRQL irql;

  KeAcquireSpinLock(&Noted.Lock, &irql);
  TEST_CHECK(Noted.All.Count < MOST_EVENTS);
  Noted.Processes[Noted.All.Count] = file->Process;
  Noted.All.Events[Noted.All.Count].File = file->Number;
  Noted.All.Events[Noted.All.Count].Code = Code;
  Noted.All.Events[Noted.All.Count].Major = Major;
  ++Noted.All.Count;
  KeReleaseSpinLock(&Noted.Lock, irql);
}

// Told once.
static VOID Tell(ULONG Process, LOG* Log) {
  ULONG i, left = 0;
  KIRQL irql;

  Log->Count = 0;
  KeAcquireSpinLock(&Noted.Lock, &irql);
  for (i = 0; i < Noted.All.Count; ++i) {
    if (Noted.Processes[i] == Process) {
      Log->Events[Log->Count++] = Noted.All.Events[i];
    } else {
      Noted.Processes[left] = Noted.Processes[i];
      Noted.All.Events[left++] = Noted.All.Events[i];
    }
  }
  Noted.All.Count = left;
  KeReleaseSpinLock(&Noted.Lock, irql);
}

static VOID OnCancelled(PIO_CSQ Csq, PIRP Irp) {
  PMDL mdl = Irp->Tail.Overlay.DriverContext[0];

  UNREFERENCED_PARAMETER(Csq);
  Note(Irp, TestCodeOf(Irp), 0);
  if (mdl != NULL) {
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
  }
  TestComplete(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS Pend(PIRP Irp) {
  PMDL mdl = NULL;

  if (TestCodeOf(Irp) == IOCTL_PEND_NEITHER) {
    mdl = IoAllocateMdl(Irp->UserBuffer, TestOutLength(Irp), FALSE, FALSE, NULL);
    TEST_CHECK(mdl != NULL);
    __try {
      MmProbeAndLockPages(mdl, UserMode, IoWriteAccess);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
      IoFreeMdl(mdl);
      return TestComplete(Irp, GetExceptionCode(), 0);
    }
  }
  Irp->Tail.Overlay.DriverContext[0] = mdl;
  IoCsqInsertIrp(&Pended, Irp, NULL);
  return STATUS_PENDING;
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  ULONG process;

  UNREFERENCED_PARAMETER(DeviceObject);
  if (TestCodeOf(Irp) != IOCTL_LOG) return Pend(Irp);
  TEST_CHECK(TestInLength(Irp) == sizeof(process) && TestOutLength(Irp) == sizeof(LOG));
  process = *(ULONG*)Irp->AssociatedIrp.SystemBuffer;
  Tell(process, Irp->AssociatedIrp.SystemBuffer);
  return TestComplete(Irp, STATUS_SUCCESS, sizeof(LOG));
}

static VOID BeginFile(PVOID File) {
  ((OF_FILE*)File)->Number = InterlockedIncrement((volatile LONG*)&Noted.Files);
  ((OF_FILE*)File)->Process = HandleToULong(PsGetCurrentProcessId());
}

// In the context of the process that closes its last handle, also where that has been killed.
static NTSTATUS Cleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  OF_FILE* file = TestFileOf(Irp);

  TEST_CHECK(HandleToULong(PsGetCurrentProcessId()) == file->Process);
  TEST_CHECK(HandleToULong(PsGetProcessId(PsGetCurrentProcess())) == file->Process);
  TEST_CHECK(IoGetRequestorProcessId(Irp) == file->Process);
  Note(Irp, 0, IRP_MJ_CLEANUP);
  return TestCleanup(DeviceObject, Irp);
}

static NTSTATUS Close(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  Note(Irp, 0, IRP_MJ_CLOSE);
  return TestClose(DeviceObject, Irp);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  KeInitializeSpinLock(&Noted.Lock);
  Test.FileBytes = sizeof(OF_FILE);
  Test.BeginFile = BeginFile;
  DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Cleanup;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = Close;
  return IoCsqInitialize(&Pended, TestQueueInsert, TestQueueRemove, TestQueuePeek, TestQueueLock, TestQueueUnlock,
                         OnCancelled);
}
