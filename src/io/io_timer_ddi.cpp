// SPDX-License-Identifier: MIT
// I/O timers: a routine of the device, called once a second at DISPATCH_LEVEL.
#include <ddi/ex.h>
#include <bugcodes.h>
#include <ntstatus.h>

#include "io/device.h"
#include "ke/driver_gate.h"

using namespace ring3;

struct _IO_TIMER {
  CSHORT type;
  PDEVICE_OBJECT device;
  PIO_TIMER_ROUTINE routine;
  PVOID context;
  KTIMER timer;
  KDPC dpc;
};

namespace {

constexpr ULONG kTag = 'mToI';
constexpr LONG kPeriodMilliseconds = 1000;

VOID NTAPI Tick(PKDPC, PVOID context, PVOID, PVOID) {
  auto* timer = static_cast<PIO_TIMER>(context);
  ke::CallDriver(timer->device->DriverObject, ke::Callback::kTimer, timer->routine, timer->device,
                 timer->context);
}

}  // namespace

namespace ring3::io {

void EndTimer(PDEVICE_OBJECT device) {
  PIO_TIMER timer = device->Timer;
  device->Timer = nullptr;
  KeCancelTimer(&timer->timer);
  KeRemoveQueueDpc(&timer->dpc);
  KeFlushQueuedDpcs();
  ExFreePoolWithTag(timer, kTag);
}

}  // namespace ring3::io

extern "C" {

// STATUS_INSUFFICIENT_RESOURCES. DRIVER_VERIFIER_IOMANAGER_VIOLATION 0xA: the device has a timer already.
// PASSIVE_LEVEL. nf-wdm-ioinitializetimer
NTSTATUS IoInitializeTimer(PDEVICE_OBJECT DeviceObject, PIO_TIMER_ROUTINE TimerRoutine, PVOID Context) {
  if (DeviceObject->Timer != nullptr) {
    KeBugCheckEx(DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0xA, reinterpret_cast<ULONG_PTR>(DeviceObject), 0, 0);
  }
  auto* timer = static_cast<PIO_TIMER>(ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(_IO_TIMER), kTag));
  if (timer == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  timer->type = IO_TYPE_TIMER;
  timer->device = DeviceObject;
  timer->routine = TimerRoutine;
  timer->context = Context;
  KeInitializeTimer(&timer->timer);
  KeInitializeDpc(&timer->dpc, Tick, timer);
  DeviceObject->Timer = timer;
  return STATUS_SUCCESS;
}

// IRQL <= DISPATCH_LEVEL. nf-wdm-iostarttimer
VOID IoStartTimer(PDEVICE_OBJECT DeviceObject) {
  LARGE_INTEGER due;
  due.QuadPart = -10'000LL * kPeriodMilliseconds;
  KeSetTimerEx(&DeviceObject->Timer->timer, due, kPeriodMilliseconds, &DeviceObject->Timer->dpc);
}

// IRQL <= DISPATCH_LEVEL; not from the timer's own routine. nf-wdm-iostoptimer
VOID IoStopTimer(PDEVICE_OBJECT DeviceObject) {
  KeCancelTimer(&DeviceObject->Timer->timer);
  KeRemoveQueueDpc(&DeviceObject->Timer->dpc);
}

}  // extern "C"
