// SPDX-License-Identifier: MIT
// For KeStackAttachProcess.
#include <ntifs.h>

#include "../common/test_driver.h"
#include "user_pointers.h"

// In units of 100 ns.
#define PATIENCE (20 * 10000000ll)

static EXCEPTION LastException;
static KSEMAPHORE Work;
static LONG WorkEnds;
static PVOID Worker;

static LONG Note(PEXCEPTION_POINTERS Pointers) {
  PEXCEPTION_RECORD record = Pointers->ExceptionRecord;

  LastException.Code = record->ExceptionCode;
  if (record->ExceptionCode == STATUS_ACCESS_VIOLATION && record->NumberParameters >= 2) {
    LastException.IsWrite = (ULONG)record->ExceptionInformation[0];
    LastException.Address = record->ExceptionInformation[1];
  }
  return EXCEPTION_EXECUTE_HANDLER;
}

// Null is one more bad pointer: what finds out is the access.
__attribute__((no_sanitize("null"))) static VOID Transform(const TRANSFORM* Request) {
  TRANSFORM captured;
  volatile const UCHAR* source;
  volatile UCHAR* target;
  ULONG64 i;
  ULONG sum = 0;

  // Captured once: the application may change its structure at any time.
  ProbeForRead((PVOID)Request, sizeof(*Request), TYPE_ALIGNMENT(TRANSFORM));
  captured = *(volatile const TRANSFORM*)Request;
  source = captured.Source;
  target = captured.Target;
  if (!captured.WithoutProbes) {
    ProbeForRead((PVOID)source, captured.Length, 1);
    if (target != NULL) ProbeForWrite((PVOID)target, captured.Length, 1);
    ProbeForWrite(captured.Sum, sizeof(ULONG), TYPE_ALIGNMENT(ULONG));
  }
  for (i = 0; i < captured.Length; ++i) {
    UCHAR byte = source[i];
    sum += byte;
    if (target != NULL) target[i] = byte ^ captured.Key;
  }
  *captured.Sum = sum;
}

static NTSTATUS TransformGuarded(const TRANSFORM* Request) {
  RtlZeroMemory(&LastException, sizeof(LastException));
  __try {
    Transform(Request);
  } __except (Note(GetExceptionInformation())) {
    return GetExceptionCode();
  }
  return STATUS_SUCCESS;
}

static NTSTATUS Names(const LINK* Link) {
  NTSTATUS status = STATUS_SUCCESS;
  UNICODE_STRING name;
  USHORT i;

  __try {
    for (; Link != NULL; Link = Link->Next) {
      ProbeForRead((PVOID)Link, sizeof(*Link), TYPE_ALIGNMENT(LINK));
      ProbeForRead(Link->Name, sizeof(NAME), TYPE_ALIGNMENT(NAME));
      name.Length = name.MaximumLength = Link->Name->Length;
      name.Buffer = Link->Name->Buffer;
      ProbeForWrite(name.Buffer, name.Length, TYPE_ALIGNMENT(WCHAR));
      for (i = 0; i < name.Length / sizeof(WCHAR); ++i) name.Buffer[i] = RtlUpcaseUnicodeChar(name.Buffer[i]);
      ProbeForWrite(Link->Count, sizeof(ULONG), TYPE_ALIGNMENT(ULONG));
      ++*Link->Count;
    }
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  return status;
}

static NTSTATUS LockToo(const TRANSFORM* Request) {
  NTSTATUS status = STATUS_SUCCESS;
  volatile UCHAR* bytes;
  volatile UCHAR* locked;
  ULONG length;
  UCHAR key;
  PMDL mdl;

  __try {
    bytes = (UCHAR*)Request->Source;
    length = (ULONG)Request->Length;
    key = Request->Key;
    bytes[0] = key;
    bytes[length - 1] = key;
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    return GetExceptionCode();
  }
  mdl = IoAllocateMdl((PVOID)bytes, length, FALSE, FALSE, NULL);
  if (mdl == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  __try {
    MmProbeAndLockPages(mdl, UserMode, IoModifyAccess);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
    IoFreeMdl(mdl);
    return status;
  }
  locked = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
  TEST_CHECK(locked != NULL);
  if (locked[0] != key || locked[length - 1] != key) status = STATUS_DATA_ERROR;
  locked[1] = key + 1;
  locked[length - 2] = key + 1;
  MmUnlockPages(mdl);
  IoFreeMdl(mdl);
  __try {
    if (bytes[1] != (UCHAR)(key + 1) || bytes[length - 2] != (UCHAR)(key + 1)) status = STATUS_DATA_ERROR;
    bytes[2] = key + 2;
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  return status;
}

static NTSTATUS Talk(const TRANSFORM* Request, BOOLEAN Sleeps) {
  LARGE_INTEGER start, now, shortly;
  int round = 0;

  shortly.QuadPart = -1;
  KeQuerySystemTime(&start);
  __try {
    volatile ULONG* value = Request->Sum;
    while (round < ROUNDS) {
      if (*value % 2 != 0) {
        ++*value;
        ++round;
      }
      if (Sleeps) KeDelayExecutionThread(KernelMode, FALSE, &shortly);
      KeQuerySystemTime(&now);
      if (now.QuadPart - start.QuadPart > PATIENCE) return STATUS_IO_TIMEOUT;
    }
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    return GetExceptionCode();
  }
  return STATUS_SUCCESS;
}

static PVOID InputOf(PIRP Irp) {
  return IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.Type3InputBuffer;
}

static NTSTATUS Give(const TRANSFORM* Request) {
  PIRP receiver = TestTake(NULL);
  LARGE_INTEGER start, now;

  if (receiver == NULL) return STATUS_INVALID_DEVICE_STATE;
  KeQuerySystemTime(&start);
  __try {
    volatile ULONG* seen = Request->Sum;
    const TRANSFORM* received = InputOf(receiver);
    *received->Target = Request->Key;
    TestComplete(receiver, STATUS_SUCCESS, 0);
    while (*seen != 1) {
      KeQuerySystemTime(&now);
      if (now.QuadPart - start.QuadPart > PATIENCE) return STATUS_IO_TIMEOUT;
    }
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    return GetExceptionCode();
  }
  return STATUS_SUCCESS;
}

static NTSTATUS Serve(ULONG Code, PVOID Input) {
  switch (Code) {
    case IOCTL_TRANSFORM:
      return TransformGuarded(Input);
    case IOCTL_TRANSFORM_UNGUARDED:
      Transform(Input);
      return STATUS_SUCCESS;
    case IOCTL_NAMES:
      return Names(Input);
    case IOCTL_LOCK_TOO:
      return LockToo(Input);
    case IOCTL_TALK:
      return Talk(Input, TRUE);
    case IOCTL_POLL:
      return Talk(Input, FALSE);
    case IOCTL_GIVE:
      return Give(Input);
    default:
      return STATUS_INVALID_DEVICE_REQUEST;
  }
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  ULONG code = TestCodeOf(Irp);

  UNREFERENCED_PARAMETER(DeviceObject);
  if (code == IOCTL_EXCEPTION) {
    TEST_CHECK(TestOutLength(Irp) == sizeof(EXCEPTION));
    *(EXCEPTION*)Irp->AssociatedIrp.SystemBuffer = LastException;
    return TestComplete(Irp, STATUS_SUCCESS, sizeof(EXCEPTION));
  }
  if (code == IOCTL_RECEIVE) return TestPend(Irp);
  if (code == ATTACHED(code)) {
    TestPend(Irp);
    KeReleaseSemaphore(&Work, IO_NO_INCREMENT, 1, FALSE);
    return STATUS_PENDING;
  }
  return TestComplete(Irp, Serve(code, InputOf(Irp)), 0);
}

static VOID ServeAttached(PVOID Context) {
  KAPC_STATE state;
  NTSTATUS status;
  PIRP irp;

  UNREFERENCED_PARAMETER(Context);
  for (;;) {
    KeWaitForSingleObject(&Work, Executive, KernelMode, FALSE, NULL);
    if (ReadAcquire(&WorkEnds)) PsTerminateSystemThread(STATUS_SUCCESS);
    irp = TestTake(NULL);
    if (irp == NULL) continue;
    TEST_CHECK(PsGetCurrentProcess() == PsInitialSystemProcess);
    KeStackAttachProcess((PRKPROCESS)IoGetRequestorProcess(irp), &state);
    TEST_CHECK(PsGetCurrentProcess() == IoGetRequestorProcess(irp));
    status = Serve(TestCodeOf(irp) & ~ATTACHED(0), InputOf(irp));
    KeUnstackDetachProcess(&state);
    TEST_CHECK(PsGetCurrentProcess() == PsInitialSystemProcess);
    TestComplete(irp, status, 0);
  }
}

static VOID Unload(PDRIVER_OBJECT DriverObject) {
  WriteRelease(&WorkEnds, 1);
  KeReleaseSemaphore(&Work, IO_NO_INCREMENT, 1, FALSE);
  KeWaitForSingleObject(Worker, Executive, KernelMode, FALSE, NULL);
  ObDereferenceObject(Worker);
  TestUnload(DriverObject);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  HANDLE thread;
  NTSTATUS status;

  KeInitializeSemaphore(&Work, 0, MAXLONG);
  status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, ServeAttached, NULL);
  if (!NT_SUCCESS(status)) return status;
  TEST_CHECK(
      NT_SUCCESS(ObReferenceObjectByHandle(thread, THREAD_ALL_ACCESS, NULL, KernelMode, &Worker, NULL)));
  ZwClose(thread);
  DriverObject->DriverUnload = Unload;
  return STATUS_SUCCESS;
}
