// SPDX-License-Identifier: MIT
// What every test driver is made of: a device, counters, a cancel-safe queue. The driver defines
// TestDispatch, which gets reads, writes and controls, and TestStart. What it finds wrong is a bug check that
// names the line.
#ifndef TEST_DRIVER_H
#define TEST_DRIVER_H

#include <ntddk.h>

#include "test_ioctl.h"

#define TEST_CHECK(Condition)                                                      \
  do {                                                                             \
    if (!(Condition)) {                                                            \
      DbgPrint("%s:%d: not so: %s\n", __FILE__, __LINE__, #Condition);             \
      KeBugCheckEx(MANUALLY_INITIATED_CRASH, __LINE__, (ULONG_PTR)__FILE__, 0, 0); \
    }                                                                              \
  } while (0)

static struct {
  TEST_STATE State;
  KSPIN_LOCK Lock;
  LIST_ENTRY Queue;
  IO_CSQ CancelSafe;
  UNICODE_STRING Links[4];
  ULONG LinkCount;
  PUNICODE_STRING RegistryPath;  // TestStart's alone
  // For TestStart to set: what a file object has of its own (TestFileOf), zeroed at first; what is done with
  // it at the beginning; and in its cleanup, in the context of the process that closes the last handle.
  SIZE_T FileBytes;
  VOID (*BeginFile)(PVOID File);
  VOID (*CleanUpFile)(PVOID File);
} Test;

static DRIVER_DISPATCH TestDispatch;
static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject);
DRIVER_INITIALIZE DriverEntry;

static inline NTSTATUS TestComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information) {
  Irp->IoStatus.Status = Status;
  Irp->IoStatus.Information = Information;
  IoCompleteRequest(Irp, IO_NO_INCREMENT);
  return Status;
}

static inline ULONG TestCodeOf(PIRP Irp) {
  return IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.IoControlCode;
}
static inline ULONG TestInLength(PIRP Irp) {
  return IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.InputBufferLength;
}
static inline ULONG TestOutLength(PIRP Irp) {
  return IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.OutputBufferLength;
}

static VOID TestQueueInsert(PIO_CSQ Csq, PIRP Irp) {
  UNREFERENCED_PARAMETER(Csq);
  InsertTailList(&Test.Queue, &Irp->Tail.Overlay.ListEntry);
  ++Test.State.Pending;
}

static VOID TestQueueRemove(PIO_CSQ Csq, PIRP Irp) {
  UNREFERENCED_PARAMETER(Csq);
  RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
  --Test.State.Pending;
}

// `Context` is the file object whose requests are meant, or null.
static PIRP TestQueuePeek(PIO_CSQ Csq, PIRP Irp, PVOID Context) {
  PLIST_ENTRY entry = Irp == NULL ? Test.Queue.Flink : Irp->Tail.Overlay.ListEntry.Flink;
  UNREFERENCED_PARAMETER(Csq);
  for (; entry != &Test.Queue; entry = entry->Flink) {
    PIRP next = CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry);
    if (Context == NULL || IoGetCurrentIrpStackLocation(next)->FileObject == Context) return next;
  }
  return NULL;
}

static VOID TestQueueLock(PIO_CSQ Csq, PKIRQL Irql) {
  UNREFERENCED_PARAMETER(Csq);
  KeAcquireSpinLock(&Test.Lock, Irql);
}

static VOID TestQueueUnlock(PIO_CSQ Csq, KIRQL Irql) {
  UNREFERENCED_PARAMETER(Csq);
  KeReleaseSpinLock(&Test.Lock, Irql);
}

static VOID TestQueueCancelled(PIO_CSQ Csq, PIRP Irp) {
  UNREFERENCED_PARAMETER(Csq);
  InterlockedIncrement(&Test.State.Cancelled);
  TestComplete(Irp, STATUS_CANCELLED, 0);
}

static inline NTSTATUS TestPend(PIRP Irp) {
  IoCsqInsertIrp(&Test.CancelSafe, Irp, NULL);
  return STATUS_PENDING;
}

static inline PIRP TestTake(PVOID FileObject) {
  return IoCsqRemoveNextIrp(&Test.CancelSafe, FileObject);
}

static inline PVOID TestFileOf(PIRP Irp) {
  return IoGetCurrentIrpStackLocation(Irp)->FileObject->FsContext;
}

static NTSTATUS TestCreate(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  if (Test.FileBytes != 0) {
    PVOID file = ExAllocatePool2(POOL_FLAG_NON_PAGED, Test.FileBytes, 'tseT');
    if (file == NULL) return TestComplete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    if (Test.BeginFile != NULL) Test.BeginFile(file);
    IoGetCurrentIrpStackLocation(Irp)->FileObject->FsContext = file;
  }
  InterlockedIncrement(&Test.State.Creates);
  return TestComplete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS TestCleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PFILE_OBJECT file = IoGetCurrentIrpStackLocation(Irp)->FileObject;
  PIRP left;
  UNREFERENCED_PARAMETER(DeviceObject);
  InterlockedIncrement(&Test.State.Cleanups);
  if (Test.CleanUpFile != NULL) Test.CleanUpFile(file->FsContext);
  while ((left = TestTake(file)) != NULL) TestQueueCancelled(&Test.CancelSafe, left);
  return TestComplete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS TestClose(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PFILE_OBJECT file = IoGetCurrentIrpStackLocation(Irp)->FileObject;
  UNREFERENCED_PARAMETER(DeviceObject);
  // The last of a file: no request of its is about, and its cleanup has been.
  TEST_CHECK(IoCsqRemoveNextIrp(&Test.CancelSafe, file) == NULL);
  TEST_CHECK(InterlockedIncrement(&Test.State.Closes) <= ReadAcquire(&Test.State.Cleanups));
  if (file->FsContext != NULL) ExFreePoolWithTag(file->FsContext, 'tseT');
  return TestComplete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS TestFinish(PIRP Irp) {
  TEST_FINISH finish;
  PIRP pending;
  TEST_CHECK(TestInLength(Irp) == sizeof(finish));
  finish = *(TEST_FINISH*)Irp->AssociatedIrp.SystemBuffer;
  pending = TestTake(NULL);
  if (pending == NULL) return TestComplete(Irp, STATUS_INVALID_DEVICE_STATE, 0);
  TestComplete(pending, finish.Status, finish.Information);
  return TestComplete(Irp, STATUS_SUCCESS, 0);
}

static VOID TestCopyState(TEST_STATE* State) {
  KIRQL irql;
  State->Creates = ReadAcquire(&Test.State.Creates);
  State->Cleanups = ReadAcquire(&Test.State.Cleanups);
  State->Closes = ReadAcquire(&Test.State.Closes);
  State->Calls = ReadAcquire(&Test.State.Calls);
  State->Cancelled = ReadAcquire(&Test.State.Cancelled);
  KeAcquireSpinLock(&Test.Lock, &irql);
  State->Pending = Test.State.Pending;
  KeReleaseSpinLock(&Test.Lock, irql);
}

static NTSTATUS TestRequest(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  TEST_CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
  TEST_CHECK(Irp->RequestorMode == UserMode);
  if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
    if (TestCodeOf(Irp) == IOCTL_TEST_STATE) {
      TEST_CHECK(TestOutLength(Irp) == sizeof(TEST_STATE));
      TestCopyState(Irp->AssociatedIrp.SystemBuffer);
      return TestComplete(Irp, STATUS_SUCCESS, sizeof(TEST_STATE));
    }
    if (TestCodeOf(Irp) == IOCTL_TEST_FINISH) return TestFinish(Irp);
  }
  InterlockedIncrement(&Test.State.Calls);
  return TestDispatch(DeviceObject, Irp);
}

static VOID TestUnload(PDRIVER_OBJECT DriverObject) {
  TEST_CHECK(Test.State.Pending == 0 && IsListEmpty(&Test.Queue));
  TEST_CHECK(Test.State.Cleanups == Test.State.Creates);
  TEST_CHECK(Test.State.Closes == Test.State.Creates);
  while (Test.LinkCount != 0) IoDeleteSymbolicLink(&Test.Links[--Test.LinkCount]);
  while (DriverObject->DeviceObject != NULL) IoDeleteDevice(DriverObject->DeviceObject);
}

// A device with a link of the same name for applications. `Flags` (DO_BUFFERED_IO, ...) are for reads and
// writes.
static inline NTSTATUS TestAddDevice(PDRIVER_OBJECT DriverObject, PCWSTR DeviceName, PCWSTR LinkName,
                                     ULONG Flags, BOOLEAN Exclusive) {
  UNICODE_STRING name, link;
  PDEVICE_OBJECT device;
  NTSTATUS status;
  RtlInitUnicodeString(&name, DeviceName);
  RtlInitUnicodeString(&link, LinkName);
  status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, Exclusive,
                          &device);
  if (!NT_SUCCESS(status)) return status;
  status = IoCreateSymbolicLink(&link, &name);
  if (!NT_SUCCESS(status)) {
    IoDeleteDevice(device);
    return status;
  }
  Test.Links[Test.LinkCount++] = link;
  device->Flags |= Flags;
  device->Flags &= ~DO_DEVICE_INITIALIZING;
  return STATUS_SUCCESS;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  NTSTATUS status;
  Test.RegistryPath = RegistryPath;
  KeInitializeSpinLock(&Test.Lock);
  InitializeListHead(&Test.Queue);
  status = IoCsqInitialize(&Test.CancelSafe, TestQueueInsert, TestQueueRemove, TestQueuePeek, TestQueueLock,
                           TestQueueUnlock, TestQueueCancelled);
  if (!NT_SUCCESS(status)) return status;
  DriverObject->MajorFunction[IRP_MJ_CREATE] = TestCreate;
  DriverObject->MajorFunction[IRP_MJ_CLEANUP] = TestCleanup;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = TestClose;
  DriverObject->MajorFunction[IRP_MJ_READ] = TestRequest;
  DriverObject->MajorFunction[IRP_MJ_WRITE] = TestRequest;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = TestRequest;
  DriverObject->DriverUnload = TestUnload;
  status = TestAddDevice(DriverObject, L"\\Device\\Ring3Test", L"\\??\\Ring3Test", DO_BUFFERED_IO, FALSE);
  return NT_SUCCESS(status) ? TestStart(DriverObject) : status;
}

#endif
