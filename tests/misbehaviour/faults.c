// SPDX-License-Identifier: MIT
// Faults, threads, and bug checks of the driver's own making.
#include "driver.h"

// The input is an address of the application's that is not mapped.
NTSTATUS TouchUserPointer(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  volatile ULONG* address = *(volatile ULONG**)Irp->AssociatedIrp.SystemBuffer;
  UNREFERENCED_PARAMETER(DeviceObject);
  *address = 1;
  return STATUS_SUCCESS;
}

NTSTATUS TouchNull(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  volatile EXTENSION* volatile none = NULL;
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  none->Block = NULL;
  return STATUS_SUCCESS;
}

NTSTATUS TouchNullAtDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  volatile EXTENSION* volatile none = NULL;
  KIRQL old;
  UNREFERENCED_PARAMETER(Irp);
  KeAcquireSpinLock(&ExtensionOf(DeviceObject)->Lock, &old);
  none->Block = NULL;
  KeReleaseSpinLock(&ExtensionOf(DeviceObject)->Lock, old);
  return STATUS_SUCCESS;
}

// Far behind whatever is in use.
NTSTATUS TouchFreedSystemAddress(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  volatile ULONG* address = (volatile ULONG*)0x7bff00000000ULL;
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  return (NTSTATUS)*address;
}

NTSTATUS DivideByZero(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  volatile int number = 7, zero = 0;
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  return number / zero;
}

static NTSTATUS RunThread(PKSTART_ROUTINE Routine, PVOID Context) {
  HANDLE handle;
  PVOID thread;
  NTSTATUS status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, Context);
  if (!NT_SUCCESS(status)) return status;
  ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &thread, NULL);
  ZwClose(handle);
  KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
  ObDereferenceObject(thread);
  return STATUS_SUCCESS;
}

static VOID FaultingThread(PVOID Context) {
  volatile EXTENSION* volatile none = NULL;
  UNREFERENCED_PARAMETER(Context);
  none->Block = NULL;
}

NTSTATUS SystemThreadFaults(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  return RunThread(FaultingThread, NULL);
}

static VOID RaisingThread(PVOID Context) {
  KIRQL old;
  UNREFERENCED_PARAMETER(Context);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
}

NTSTATUS SystemThreadReturnsRaised(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  return RunThread(RaisingThread, NULL);
}

static VOID RaisingWorkItem(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  KIRQL old;
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Context);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
}

NTSTATUS WorkItemReturnsRaised(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_WORKITEM item = IoAllocateWorkItem(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  IoQueueWorkItem(item, RaisingWorkItem, DelayedWorkQueue, NULL);
  KeWaitForSingleObject(&ExtensionOf(DeviceObject)->Timer, Executive, KernelMode, FALSE, NULL);
  return STATUS_SUCCESS;
}

static int Deeper(volatile UCHAR* Above, int Depth) {
  volatile UCHAR local[512];
  local[0] = (UCHAR)(Above[0] + 1);
  return Depth == 0 ? local[0] : Deeper(local, Depth - 1) + local[0];
}

NTSTATUS OverflowStack(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  volatile UCHAR top = 0;
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  return Deeper(&top, 0x7fffffff) == 0 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

NTSTATUS HalDoWhatNobodyKnows(ULONG Argument);

NTSTATUS CallMissingDdi(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  return HalDoWhatNobodyKnows(1);
}

NTSTATUS BugCheckItself(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  KeBugCheckEx(0xDEADDEAD, 0x11, 0x22, 0x33, 0x44);
}
