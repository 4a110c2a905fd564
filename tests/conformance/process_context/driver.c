// SPDX-License-Identifier: MIT
#include <ntifs.h>
#include <string.h>

#include "../common/test_driver.h"
#include "process_context.h"

// What drivers declare themselves.
NTKERNELAPI PCHAR PsGetProcessImageFileName(PEPROCESS Process);
NTSYSAPI NTSTATUS NTAPI ZwQueryInformationProcess(HANDLE ProcessHandle,
                                                  PROCESSINFOCLASS ProcessInformationClass,
                                                  PVOID ProcessInformation, ULONG ProcessInformationLength,
                                                  PULONG ReturnLength);

static KSEMAPHORE Work;
static LONG WorkEnds;
static PVOID Worker;
static KDPC Dpc;
static PMDL Page;
static PVOID PageBytes;

static VOID CheckRequestor(PIRP Irp, const IDENTITY* Identity) {
  PEPROCESS process = IoGetRequestorProcess(Irp);

  TEST_CHECK(process != NULL && process != PsInitialSystemProcess);
  TEST_CHECK(HandleToULong(PsGetProcessId(process)) == Identity->ProcessId);
  TEST_CHECK(IoGetRequestorProcessId(Irp) == Identity->ProcessId);
  TEST_CHECK(HandleToULong(PsGetThreadId(Irp->Tail.Overlay.Thread)) == Identity->ThreadId);
  TEST_CHECK(IoThreadToProcess(Irp->Tail.Overlay.Thread) == process);
}

// The application's own thread.
static VOID CheckDispatch(PIRP Irp, const IDENTITY* Identity) {
  PEPROCESS process;
  PETHREAD thread;

  CheckRequestor(Irp, Identity);
  TEST_CHECK(HandleToULong(PsGetCurrentProcessId()) == Identity->ProcessId);
  TEST_CHECK(HandleToULong(PsGetCurrentThreadId()) == Identity->ThreadId);
  TEST_CHECK(PsGetCurrentProcess() == IoGetRequestorProcess(Irp));
  TEST_CHECK(Irp->Tail.Overlay.Thread == PsGetCurrentThread());
  TEST_CHECK(!PsIsSystemThread(PsGetCurrentThread()));
  TEST_CHECK(ExGetPreviousMode() == UserMode);
  TEST_CHECK(NT_SUCCESS(PsLookupProcessByProcessId(ULongToHandle(Identity->ProcessId), &process)));
  TEST_CHECK(process == PsGetCurrentProcess());
  ObDereferenceObject(process);
  TEST_CHECK(NT_SUCCESS(PsLookupThreadByThreadId(ULongToHandle(Identity->ThreadId), &thread)));
  TEST_CHECK(thread == PsGetCurrentThread());
  ObDereferenceObject(thread);
  TEST_CHECK(PsGetProcessExitStatus(process) == STATUS_PENDING);
}

static VOID CheckSystem(VOID) {
  TEST_CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
  TEST_CHECK(PsGetCurrentProcess() == PsInitialSystemProcess);
  TEST_CHECK(PsGetCurrentProcessId() == PsGetProcessId(PsInitialSystemProcess));
  TEST_CHECK(PsIsSystemThread(PsGetCurrentThread()));
  TEST_CHECK(ExGetPreviousMode() == KernelMode);
}

static NTSTATUS Add(ULONG* Value, ULONG Amount) {
  __try {
    ProbeForWrite(Value, sizeof(*Value), TYPE_ALIGNMENT(ULONG));
    *Value += Amount;
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    return GetExceptionCode();
  }
  return STATUS_SUCCESS;
}

static const JOURNEY* JourneyOf(PIRP Irp) {
  return Irp->AssociatedIrp.SystemBuffer;
}

// In the system process there is nothing at an application's address.
static VOID CheckOutside(PIRP Irp) {
  if (JourneyOf(Irp)->Identity.IsSeparate)
    TEST_CHECK(Add(JourneyOf(Irp)->Untouched, 1) == STATUS_ACCESS_VIOLATION);
}

// In a work item, which has done its work.
static VOID CheckItem(PIRP Irp) {
  CheckSystem();
  CheckRequestor(Irp, &JourneyOf(Irp)->Identity);
  CheckOutside(Irp);
  IoFreeWorkItem(Irp->Tail.Overlay.DriverContext[0]);
}

static VOID LastItem(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  UNREFERENCED_PARAMETER(DeviceObject);
  CheckItem(Context);
  TestComplete(Context, STATUS_SUCCESS, 0);
}

// A system thread, but one of the application's process.
static VOID InProcess(PVOID Context) {
  PIRP irp = Context;
  PIO_WORKITEM item = IoAllocateWorkItem(IoGetCurrentIrpStackLocation(irp)->DeviceObject);

  TEST_CHECK(item != NULL);
  TEST_CHECK(PsGetCurrentProcess() == IoGetRequestorProcess(irp));
  TEST_CHECK(HandleToULong(PsGetCurrentProcessId()) == JourneyOf(irp)->Identity.ProcessId);
  TEST_CHECK(PsIsSystemThread(PsGetCurrentThread()));
  TEST_CHECK(HandleToULong(PsGetCurrentThreadId()) != JourneyOf(irp)->Identity.ThreadId);
  TEST_CHECK(NT_SUCCESS(Add(JourneyOf(irp)->Value, 10)));
  irp->Tail.Overlay.DriverContext[0] = item;
  IoQueueWorkItem(item, LastItem, DelayedWorkQueue, irp);
  PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID StartInProcess(PIRP Irp) {
  OBJECT_ATTRIBUTES attributes;
  HANDLE process, thread;

  TEST_CHECK(NT_SUCCESS(ObOpenObjectByPointer(IoGetRequestorProcess(Irp), OBJ_KERNEL_HANDLE, NULL,
                                              PROCESS_ALL_ACCESS, *PsProcessType, KernelMode, &process)));
  InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
  TEST_CHECK(NT_SUCCESS(
      PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, &attributes, process, NULL, InProcess, Irp)));
  ZwClose(thread);
  ZwClose(process);
}

static VOID Attach(PIRP Irp, PKAPC_STATE State) {
  HANDLE thread = PsGetCurrentThreadId();

  KeStackAttachProcess((PRKPROCESS)IoGetRequestorProcess(Irp), State);
  TEST_CHECK(PsGetCurrentProcess() == IoGetRequestorProcess(Irp));
  // The thread stays what it is.
  TEST_CHECK(PsGetCurrentThreadId() == thread && PsIsSystemThread(PsGetCurrentThread()));
  TEST_CHECK(IoThreadToProcess(PsGetCurrentThread()) != NULL);
}

static VOID Travel(PIRP Irp) {
  const JOURNEY* journey = JourneyOf(Irp);
  KAPC_STATE outer, inner;

  CheckOutside(Irp);
  Attach(Irp, &outer);
  TEST_CHECK(NT_SUCCESS(Add(journey->Value, 1)));
  TEST_CHECK(Add((ULONG*)16, 1) == STATUS_ACCESS_VIOLATION);
  // Attached to the system process meanwhile, and back.
  KeStackAttachProcess((PRKPROCESS)PsInitialSystemProcess, &inner);
  TEST_CHECK(PsGetCurrentProcess() == PsInitialSystemProcess);
  CheckOutside(Irp);
  KeUnstackDetachProcess(&inner);
  TEST_CHECK(PsGetCurrentProcess() == IoGetRequestorProcess(Irp));
  TEST_CHECK(NT_SUCCESS(Add(journey->Value, 1)));
  // Once more into the same.
  Attach(Irp, &inner);
  TEST_CHECK(NT_SUCCESS(Add(journey->Value, 1)));
  KeUnstackDetachProcess(&inner);
  TEST_CHECK(NT_SUCCESS(Add(journey->Value, 1)));
  KeUnstackDetachProcess(&outer);
  CheckSystem();
  CheckOutside(Irp);
  StartInProcess(Irp);
}

static NTSTATUS MakeEvent(PIRP Irp, HANDLE* Event) {
  KAPC_STATE state;
  NTSTATUS status;

  Attach(Irp, &state);
  status = ZwCreateEvent(Event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE);
  KeUnstackDetachProcess(&state);
  return status;
}

static NTSTATUS WaitForEvent(PIRP Irp, HANDLE Event) {
  PVOID object, nothing;
  KAPC_STATE state;
  NTSTATUS status;

  // It is a handle of the application's, and nobody else's.
  TEST_CHECK(!NT_SUCCESS(
      ObReferenceObjectByHandle(Event, SYNCHRONIZE, *ExEventObjectType, UserMode, &nothing, NULL)));
  Attach(Irp, &state);
  status = ObReferenceObjectByHandle(Event, SYNCHRONIZE, *ExEventObjectType, UserMode, &object, NULL);
  KeUnstackDetachProcess(&state);
  if (!NT_SUCCESS(status)) return status;
  status = KeWaitForSingleObject(object, UserRequest, KernelMode, FALSE, NULL);
  ObDereferenceObject(object);
  return status;
}

static NTSTATUS Map(PIRP Irp, ULONG64* Address) {
  NTSTATUS status = STATUS_SUCCESS;
  KAPC_STATE state;

  Attach(Irp, &state);
  __try {
    *Address = (ULONG64)(ULONG_PTR)MmMapLockedPagesSpecifyCache(Page, UserMode, MmCached, NULL, FALSE,
                                                                NormalPagePriority | MdlMappingNoExecute);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  KeUnstackDetachProcess(&state);
  return status;
}

static VOID Unmap(PIRP Irp, ULONG64 Address) {
  KAPC_STATE state;

  Attach(Irp, &state);
  TEST_CHECK(NT_SUCCESS(Add((ULONG*)(ULONG_PTR)Address, 1)));
  MmUnmapLockedPages((PVOID)(ULONG_PTR)Address, Page);
  TEST_CHECK(Add((ULONG*)(ULONG_PTR)Address, 1) == STATUS_ACCESS_VIOLATION);
  KeUnstackDetachProcess(&state);
}

static VOID Serve(PIRP Irp) {
  HANDLE_VALUE* value = Irp->AssociatedIrp.SystemBuffer;
  MAPPING* mapping = Irp->AssociatedIrp.SystemBuffer;
  HANDLE handle = NULL;
  NTSTATUS status;

  switch (TestCodeOf(Irp)) {
    case IOCTL_TRAVEL:
      Travel(Irp);
      return;
    case IOCTL_MAKE_EVENT:
      status = MakeEvent(Irp, &handle);
      value->Handle = (ULONG64)(ULONG_PTR)handle;
      TestComplete(Irp, status, sizeof(*value));
      return;
    case IOCTL_WAIT_FOR_EVENT:
      TestComplete(Irp, WaitForEvent(Irp, (HANDLE)(ULONG_PTR)value->Handle), 0);
      return;
    case IOCTL_MAP:
      RtlFillMemory(PageBytes, PAGE_SIZE, PAGE_FILL);
      status = Map(Irp, &mapping->Address);
      TestComplete(Irp, status, sizeof(*mapping));
      return;
    default:
      Unmap(Irp, mapping->Address);
      TestComplete(Irp, STATUS_SUCCESS, 0);
  }
}

static VOID ServeAll(PVOID Context) {
  PIRP irp;

  UNREFERENCED_PARAMETER(Context);
  for (;;) {
    CheckSystem();
    TEST_CHECK(KeAreApcsDisabled());
    KeWaitForSingleObject(&Work, Executive, KernelMode, FALSE, NULL);
    if (ReadAcquire(&WorkEnds)) PsTerminateSystemThread(STATUS_SUCCESS);
    irp = TestTake(NULL);
    if (irp != NULL) Serve(irp);
  }
}

static VOID Hand(PIRP Irp) {
  TestPend(Irp);
  KeReleaseSemaphore(&Work, IO_NO_INCREMENT, 1, FALSE);
}

static VOID FirstItem(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  UNREFERENCED_PARAMETER(DeviceObject);
  CheckItem(Context);
  Hand(Context);
}

// In whatever context.
static VOID OnDpc(PKDPC Self, PVOID Context, PVOID Argument1, PVOID Argument2) {
  PIRP irp = Argument1;

  UNREFERENCED_PARAMETER(Self);
  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(Argument2);
  TEST_CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL);
  CheckRequestor(irp, &JourneyOf(irp)->Identity);
  IoQueueWorkItem(irp->Tail.Overlay.DriverContext[0], FirstItem, DelayedWorkQueue, irp);
}

static VOID Names(NAMES* Output) {
  UCHAR buffer[sizeof(UNICODE_STRING) + sizeof(Output->Full)];
  UNICODE_STRING* name = (UNICODE_STRING*)buffer;
  UNICODE_STRING* located;
  ULONG length;

  RtlZeroMemory(Output, sizeof(*Output));
  TEST_CHECK(strlen(PsGetProcessImageFileName(PsGetCurrentProcess())) < sizeof(Output->Short));
  strcpy(Output->Short, PsGetProcessImageFileName(PsGetCurrentProcess()));
  TEST_CHECK(ZwQueryInformationProcess(ZwCurrentProcess(), ProcessImageFileName, buffer, 4, &length) ==
             STATUS_INFO_LENGTH_MISMATCH);
  TEST_CHECK(length <= sizeof(buffer));
  TEST_CHECK(NT_SUCCESS(
      ZwQueryInformationProcess(ZwCurrentProcess(), ProcessImageFileName, buffer, sizeof(buffer), &length)));
  TEST_CHECK(name->Length < sizeof(Output->Full));
  RtlCopyMemory(Output->Full, name->Buffer, name->Length);
  TEST_CHECK(NT_SUCCESS(SeLocateProcessImageName(PsGetCurrentProcess(), &located)));
  TEST_CHECK(RtlEqualUnicodeString(name, located, FALSE));
  ExFreePool(located);
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  IDENTITY identity;

  switch (TestCodeOf(Irp)) {
    case IOCTL_IDENTIFY_NEITHER:
      identity = *(IDENTITY*)stack->Parameters.DeviceIoControl.Type3InputBuffer;
      CheckDispatch(Irp, &identity);
      return TestComplete(Irp, STATUS_SUCCESS, 0);
    case IOCTL_IDENTIFY:
    case IOCTL_IDENTIFY_DIRECT:
      CheckDispatch(Irp, Irp->AssociatedIrp.SystemBuffer);
      return TestComplete(Irp, STATUS_SUCCESS, 0);
    case IOCTL_NAMES:
      TEST_CHECK(TestOutLength(Irp) == sizeof(NAMES));
      Names(Irp->AssociatedIrp.SystemBuffer);
      return TestComplete(Irp, STATUS_SUCCESS, sizeof(NAMES));
    case IOCTL_PEEK:
      *(ULONG*)Irp->AssociatedIrp.SystemBuffer = *(ULONG*)PageBytes;
      return TestComplete(Irp, STATUS_SUCCESS, sizeof(ULONG));
    case IOCTL_TRAVEL:
      CheckDispatch(Irp, &JourneyOf(Irp)->Identity);
      Irp->Tail.Overlay.DriverContext[0] = IoAllocateWorkItem(DeviceObject);
      TEST_CHECK(Irp->Tail.Overlay.DriverContext[0] != NULL);
      IoMarkIrpPending(Irp);
      TEST_CHECK(KeInsertQueueDpc(&Dpc, Irp, NULL));
      return STATUS_PENDING;
    case IOCTL_MAKE_EVENT:
    case IOCTL_WAIT_FOR_EVENT:
    case IOCTL_MAP:
    case IOCTL_UNMAP:
      Hand(Irp);
      return STATUS_PENDING;
    default:
      return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

static VOID Unload(PDRIVER_OBJECT DriverObject) {
  WriteRelease(&WorkEnds, 1);
  KeReleaseSemaphore(&Work, IO_NO_INCREMENT, 1, FALSE);
  KeWaitForSingleObject(Worker, Executive, KernelMode, FALSE, NULL);
  ObDereferenceObject(Worker);
  IoFreeMdl(Page);
  ExFreePoolWithTag(PageBytes, 'txtC');
  TestUnload(DriverObject);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  HANDLE thread;

  KeInitializeSemaphore(&Work, 0, MAXLONG);
  KeInitializeDpc(&Dpc, OnDpc, NULL);
  PageBytes = ExAllocatePool2(POOL_FLAG_NON_PAGED, PAGE_SIZE, 'txtC');
  TEST_CHECK(PageBytes != NULL);
  Page = IoAllocateMdl(PageBytes, PAGE_SIZE, FALSE, FALSE, NULL);
  TEST_CHECK(Page != NULL);
  MmBuildMdlForNonPagedPool(Page);
  TEST_CHECK(NT_SUCCESS(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, ServeAll, NULL)));
  TEST_CHECK(
      NT_SUCCESS(ObReferenceObjectByHandle(thread, THREAD_ALL_ACCESS, NULL, KernelMode, &Worker, NULL)));
  ZwClose(thread);
  DriverObject->DriverUnload = Unload;
  return STATUS_SUCCESS;
}
