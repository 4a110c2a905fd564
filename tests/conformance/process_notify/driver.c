// SPDX-License-Identifier: MIT
#include <ntifs.h>
#include <wchar.h>

#include "../common/test_driver.h"
#include "process_notify.h"

static EVENT Log[LOGGED_EVENTS];
static ULONG LogCount;
static FAST_MUTEX LogLock;

static VOID CopyText(WCHAR* Text, SIZE_T Size, PCUNICODE_STRING From) {
  SIZE_T length = From == NULL ? 0 : From->Length;

  if (length > Size - sizeof(WCHAR)) length = Size - sizeof(WCHAR);
  if (length != 0) RtlCopyMemory(Text, From->Buffer, length);
  Text[length / sizeof(WCHAR)] = 0;
}

static VOID Add(ULONG Kind, HANDLE Process, HANDLE Thread, PPS_CREATE_NOTIFY_INFO Info) {
  EVENT* event;

  ExAcquireFastMutex(&LogLock);
  TEST_CHECK(LogCount < LOGGED_EVENTS);
  event = &Log[LogCount++];
  event->Kind = Kind;
  event->ProcessId = HandleToULong(Process);
  event->ThreadId = HandleToULong(Thread);
  event->InProcess = HandleToULong(PsGetProcessId(PsGetCurrentProcess()));
  event->InThread = HandleToULong(PsGetCurrentThreadId());
  CopyText(event->Image, sizeof(event->Image), Info == NULL ? NULL : Info->ImageFileName);
  CopyText(event->CommandLine, sizeof(event->CommandLine), Info == NULL ? NULL : Info->CommandLine);
  ExReleaseFastMutex(&LogLock);
}

static VOID OnProcess(PEPROCESS Process, HANDLE ProcessId, PPS_CREATE_NOTIFY_INFO Info) {
  WCHAR command_line[260];
  PEPROCESS found;

  TEST_CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL && KeAreApcsDisabled());
  TEST_CHECK(PsGetProcessId(Process) == ProcessId);
  TEST_CHECK(NT_SUCCESS(PsLookupProcessByProcessId(ProcessId, &found)) && found == Process);
  ObDereferenceObject(found);
  if (Info == NULL) {
    // In the context of the last thread to exit from the process.
    TEST_CHECK(PsGetCurrentProcess() == Process && PsGetCurrentProcessId() == ProcessId);
    Add(EVENT_PROCESS_EXITED, ProcessId, NULL, NULL);
    return;
  }
  TEST_CHECK(Info->Size == sizeof(*Info) && Info->CreationStatus == STATUS_SUCCESS);
  TEST_CHECK(Info->ImageFileName != NULL && Info->FileOpenNameAvailable);
  TEST_CHECK(Info->CreatingThreadId.UniqueThread == PsGetCurrentThreadId());
  TEST_CHECK(Info->ParentProcessId == PsGetProcessInheritedFromUniqueProcessId(Process));
  Add(EVENT_PROCESS_CREATED, ProcessId, NULL, Info);
  CopyText(command_line, sizeof(command_line), Info->CommandLine);
  if (wcsstr(command_line, REFUSED_WORD) != NULL) Info->CreationStatus = STATUS_ACCESS_DENIED;
}

static VOID OnThread(HANDLE ProcessId, HANDLE ThreadId, BOOLEAN Create) {
  TEST_CHECK(KeGetCurrentIrql() <= APC_LEVEL);
  Add(Create ? EVENT_THREAD_CREATED : EVENT_THREAD_EXITED, ProcessId, ThreadId, NULL);
}

static VOID OnNewThread(HANDLE ProcessId, HANDLE ThreadId, BOOLEAN Create) {
  TEST_CHECK(KeGetCurrentIrql() <= APC_LEVEL);
  TEST_CHECK(PsGetCurrentThreadId() == ThreadId);
  TEST_CHECK(PsGetProcessId(PsGetCurrentProcess()) == ProcessId);
  Add(Create ? EVENT_NEW_THREAD : EVENT_NEW_THREAD_EXITED, ProcessId, ThreadId, NULL);
}

static VOID Find(const ASK* Ask, EVENTS* Output) {
  ULONG i;

  Output->Count = 0;
  ExAcquireFastMutex(&LogLock);
  for (i = 0; i < LogCount; ++i) {
    if (Ask->Kind != 0 && Log[i].Kind != Ask->Kind) continue;
    if (Ask->ProcessId != 0 && Log[i].ProcessId != Ask->ProcessId) continue;
    if (Ask->ThreadId != 0 && Log[i].ThreadId != Ask->ThreadId) continue;
    if (Output->Count < MOST_EVENTS) Output->Events[Output->Count] = Log[i];
    ++Output->Count;
  }
  ExReleaseFastMutex(&LogLock);
}

static VOID DoNothing(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  PsTerminateSystemThread(STATUS_SUCCESS);
}

static ULONG RunSystemThread(VOID) {
  OBJECT_ATTRIBUTES attributes;
  CLIENT_ID id;
  HANDLE thread;

  InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
  TEST_CHECK(
      NT_SUCCESS(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, &attributes, NULL, &id, DoNothing, NULL)));
  TEST_CHECK(NT_SUCCESS(ZwWaitForSingleObject(thread, FALSE, NULL)));
  ZwClose(thread);
  return HandleToULong(id.UniqueThread);
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  ASK ask;

  UNREFERENCED_PARAMETER(DeviceObject);
  switch (TestCodeOf(Irp)) {
    case IOCTL_EVENTS:
      TEST_CHECK(TestInLength(Irp) == sizeof(ask) && TestOutLength(Irp) == sizeof(EVENTS));
      ask = *(ASK*)Irp->AssociatedIrp.SystemBuffer;
      Find(&ask, Irp->AssociatedIrp.SystemBuffer);
      return TestComplete(Irp, STATUS_SUCCESS, sizeof(EVENTS));
    case IOCTL_SYSTEM_THREAD:
      *(ULONG*)Irp->AssociatedIrp.SystemBuffer = RunSystemThread();
      return TestComplete(Irp, STATUS_SUCCESS, sizeof(ULONG));
    default:
      return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

// Every application that was announced has ended, and was announced to have.
static VOID Unload(PDRIVER_OBJECT DriverObject) {
  ULONG i, j;

  TEST_CHECK(NT_SUCCESS(PsSetCreateProcessNotifyRoutineEx(OnProcess, TRUE)));
  TEST_CHECK(PsSetCreateProcessNotifyRoutineEx(OnProcess, TRUE) != STATUS_SUCCESS);
  TEST_CHECK(NT_SUCCESS(PsRemoveCreateThreadNotifyRoutine(OnThread)));
  TEST_CHECK(NT_SUCCESS(PsRemoveCreateThreadNotifyRoutine(OnNewThread)));
  TEST_CHECK(PsRemoveCreateThreadNotifyRoutine(OnThread) == STATUS_PROCEDURE_NOT_FOUND);
  for (i = 0; i < LogCount; ++i) {
    ULONG kind = Log[i].Kind, ends = 0;
    if (kind != EVENT_PROCESS_CREATED && kind != EVENT_THREAD_CREATED && kind != EVENT_NEW_THREAD) continue;
    if (kind == EVENT_PROCESS_CREATED && wcsstr(Log[i].CommandLine, REFUSED_WORD) != NULL) continue;
    for (j = i + 1; j < LogCount; ++j) {
      if (Log[j].Kind == kind + 1 && Log[j].ProcessId == Log[i].ProcessId &&
          Log[j].ThreadId == Log[i].ThreadId)
        ++ends;
    }
    TEST_CHECK(ends == 1);
  }
  TestUnload(DriverObject);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  ExInitializeFastMutex(&LogLock);
  TEST_CHECK(NT_SUCCESS(PsSetCreateProcessNotifyRoutineEx(OnProcess, FALSE)));
  TEST_CHECK(PsSetCreateProcessNotifyRoutineEx(OnProcess, FALSE) == STATUS_INVALID_PARAMETER);
  TEST_CHECK(NT_SUCCESS(PsSetCreateThreadNotifyRoutine(OnThread)));
  TEST_CHECK(NT_SUCCESS(PsSetCreateThreadNotifyRoutineEx(PsCreateThreadNotifyNonSystem, OnNewThread)));
  DriverObject->DriverUnload = Unload;
  return STATUS_SUCCESS;
}
