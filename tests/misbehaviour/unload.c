// SPDX-License-Identifier: MIT
// What must be over before the driver goes.
#include "driver.h"

static VOID TimerDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(Argument1);
  UNREFERENCED_PARAMETER(Argument2);
}

static VOID SetForAnHour(PKTIMER Timer, PKDPC Dpc) {
  LARGE_INTEGER hour = {.QuadPart = -3600LL * 10000000};
  KeSetTimer(Timer, hour, Dpc);
}

// The timer lies in the device extension.
NTSTATUS UnloadWithTimer(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  SetForAnHour(&ExtensionOf(DeviceObject)->Timer, NULL);
  return STATUS_SUCCESS;
}

static NTSTATUS SetPoolTimer(PDEVICE_OBJECT DeviceObject) {
  struct TimerAndDpc {
    KTIMER Timer;
    KDPC Dpc;
  }* both = (struct TimerAndDpc*)ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*both), MISBEHAVIOUR_TAG);
  if (both == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  ExtensionOf(DeviceObject)->PoolTimer = &both->Timer;
  KeInitializeTimer(&both->Timer);
  KeInitializeDpc(&both->Dpc, TimerDpc, NULL);
  SetForAnHour(&both->Timer, &both->Dpc);
  return STATUS_SUCCESS;
}

// Timer and DPC in pool, the DPC's routine in the image.
NTSTATUS UnloadWithPoolTimer(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  return SetPoolTimer(DeviceObject);
}

NTSTATUS FreeTimerThatIsSet(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  NTSTATUS status = SetPoolTimer(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  ExFreePoolWithTag(ExtensionOf(DeviceObject)->PoolTimer, MISBEHAVIOUR_TAG);
  return status;
}

static VOID EndlessDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(Argument1);
  UNREFERENCED_PARAMETER(Argument2);
  InterlockedExchange((volatile LONG*)Context, 1);
  for (;;) YieldProcessor();
}

// One DPC keeps the processor busy, another waits behind it.
NTSTATUS UnloadWithDpc(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  EXTENSION* extension = ExtensionOf(DeviceObject);
  volatile LONG runs = 0;

  UNREFERENCED_PARAMETER(Irp);
  KeInitializeDpc(&extension->Dpc, EndlessDpc, (PVOID)&runs);
  KeSetTargetProcessorDpc(&extension->Dpc, 0);
  KeInitializeDpc(&extension->SecondDpc, TimerDpc, NULL);
  KeSetTargetProcessorDpc(&extension->SecondDpc, 0);
  KeInsertQueueDpc(&extension->Dpc, NULL, NULL);
  while (InterlockedCompareExchange(&runs, 0, 0) == 0) YieldProcessor();
  KeInsertQueueDpc(&extension->SecondDpc, NULL, NULL);
  return STATUS_SUCCESS;
}

// Not the device's: that is gone when the thread is late.
static KEVENT NeverSet;

static VOID StayingThread(PVOID Context) {
  KeWaitForSingleObject(Context, Executive, KernelMode, FALSE, NULL);
}

NTSTATUS UnloadWithThread(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  HANDLE handle;
  NTSTATUS status;
  UNREFERENCED_PARAMETER(Irp);
  UNREFERENCED_PARAMETER(DeviceObject);
  KeInitializeEvent(&NeverSet, NotificationEvent, FALSE);
  status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, StayingThread, &NeverSet);
  if (NT_SUCCESS(status)) ZwClose(handle);
  return status;
}
