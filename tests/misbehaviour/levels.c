// SPDX-License-Identifier: MIT
// IRQL, locks and waits.
#include "driver.h"

NTSTATUS ReturnAtDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  KIRQL old;
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  return STATUS_SUCCESS;
}

// The DPC ends the process before the wait is over.
static NTSTATUS RunDpc(PDEVICE_OBJECT DeviceObject, PKDEFERRED_ROUTINE Routine) {
  EXTENSION* extension = ExtensionOf(DeviceObject);
  KeInitializeDpc(&extension->Dpc, Routine, extension);
  KeInsertQueueDpc(&extension->Dpc, NULL, NULL);
  KeFlushQueuedDpcs();
  return STATUS_SUCCESS;
}

static VOID LoweringDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(Argument1);
  UNREFERENCED_PARAMETER(Argument2);
  KeLowerIrql(PASSIVE_LEVEL);
}

NTSTATUS DpcLowersIrql(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  return RunDpc(DeviceObject, LoweringDpc);
}

static VOID RaisingDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) {
  KIRQL old;
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(Argument1);
  UNREFERENCED_PARAMETER(Argument2);
  KeRaiseIrql(5, &old);
}

NTSTATUS DpcRaisesIrql(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  return RunDpc(DeviceObject, RaisingDpc);
}

static VOID EnteringDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(Argument1);
  UNREFERENCED_PARAMETER(Argument2);
  KeEnterCriticalRegion();
}

NTSTATUS DpcEntersRegion(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  return RunDpc(DeviceObject, EnteringDpc);
}

static VOID WaitingDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(Argument1);
  UNREFERENCED_PARAMETER(Argument2);
  KeWaitForSingleObject(&((EXTENSION*)Context)->Timer, Executive, KernelMode, FALSE, NULL);
}

NTSTATUS DpcWaits(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  return RunDpc(DeviceObject, WaitingDpc);
}

NTSTATUS WaitAtDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  KIRQL old;
  UNREFERENCED_PARAMETER(Irp);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  KeWaitForSingleObject(&ExtensionOf(DeviceObject)->Timer, Executive, KernelMode, FALSE, NULL);
  KeLowerIrql(old);
  return STATUS_SUCCESS;
}

NTSTATUS KeepSpinLock(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  KIRQL old;
  UNREFERENCED_PARAMETER(Irp);
  KeAcquireSpinLock(&ExtensionOf(DeviceObject)->Lock, &old);
  return STATUS_SUCCESS;
}

NTSTATUS KeepSpinLockAtOldIrql(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  KIRQL old;
  UNREFERENCED_PARAMETER(Irp);
  KeAcquireSpinLock(&ExtensionOf(DeviceObject)->Lock, &old);
  KeLowerIrql(old);
  return STATUS_SUCCESS;
}

NTSTATUS KeepFastMutex(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  ExAcquireFastMutex(&ExtensionOf(DeviceObject)->FastMutex);
  return STATUS_SUCCESS;
}

NTSTATUS KeepUnsafeFastMutex(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  KeEnterCriticalRegion();
  ExAcquireFastMutexUnsafe(&ExtensionOf(DeviceObject)->FastMutex);
  KeLeaveCriticalRegion();
  return STATUS_SUCCESS;
}

NTSTATUS EnterRegion(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  KeEnterCriticalRegion();
  return STATUS_SUCCESS;
}

NTSTATUS LeaveRegion(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  KeLeaveCriticalRegion();
  return STATUS_SUCCESS;
}

NTSTATUS AcquireSpinLockTwice(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  KIRQL old, same;
  UNREFERENCED_PARAMETER(Irp);
  KeAcquireSpinLock(&ExtensionOf(DeviceObject)->Lock, &old);
  KeAcquireSpinLock(&ExtensionOf(DeviceObject)->Lock, &same);
  return STATUS_SUCCESS;
}

NTSTATUS AcquireFastMutexTwice(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  ExAcquireFastMutex(&ExtensionOf(DeviceObject)->FastMutex);
  ExAcquireFastMutex(&ExtensionOf(DeviceObject)->FastMutex);
  return STATUS_SUCCESS;
}

NTSTATUS ReleaseSpinLockNotHeld(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  KIRQL old;
  UNREFERENCED_PARAMETER(Irp);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  KeReleaseSpinLock(&ExtensionOf(DeviceObject)->Lock, old);
  return STATUS_SUCCESS;
}

static VOID TakeMutexAndStay(PVOID Context) {
  EXTENSION* extension = (EXTENSION*)Context;
  KeWaitForSingleObject(&extension->Mutex, Executive, KernelMode, FALSE, NULL);
  KeSetTimer(&extension->Timer, (LARGE_INTEGER){.QuadPart = 0}, NULL);
  for (;;) {
    LARGE_INTEGER minute = {.QuadPart = -60LL * 10000000};
    KeDelayExecutionThread(KernelMode, FALSE, &minute);
  }
}

NTSTATUS ReleaseMutexOfOthers(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  EXTENSION* extension = ExtensionOf(DeviceObject);
  HANDLE thread;
  NTSTATUS status;

  UNREFERENCED_PARAMETER(Irp);
  status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, TakeMutexAndStay, extension);
  if (!NT_SUCCESS(status)) return status;
  KeWaitForSingleObject(&extension->Timer, Executive, KernelMode, FALSE, NULL);
  KeReleaseMutex(&extension->Mutex, FALSE);
  return STATUS_SUCCESS;
}
