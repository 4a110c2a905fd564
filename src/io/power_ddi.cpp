// SPDX-License-Identifier: MIT
// Power and WMI: requests go down the stack; the machine never sleeps.
#include <ddi/ex.h>
#include <ddi/io.h>
#include <ntstatus.h>

#include "io/device.h"
#include "io/irp.h"
#include "ke/driver_gate.h"

using namespace ring3;
using namespace ring3::io;

namespace {

struct PowerRequest {
  PREQUEST_POWER_COMPLETE routine;
  PVOID context;
  PDEVICE_OBJECT device;
  PDEVICE_OBJECT top;
  UCHAR minor;
  POWER_STATE state;
};

NTSTATUS NTAPI PowerRequestDone(PDEVICE_OBJECT, PIRP irp, PVOID context) {
  auto* request = static_cast<PowerRequest*>(context);
  IO_STATUS_BLOCK result = irp->IoStatus;
  if (request->routine != nullptr) {
    ke::CallDriver(request->device->DriverObject, ke::Callback::kCompletion, request->routine,
                   request->device, request->minor, request->state, request->context, &result);
  }
  ob::Dereference(request->top);
  ExFreePool(request);
  IoFreeIrp(irp);
  return STATUS_MORE_PROCESSING_REQUIRED;
}

}  // namespace

extern "C" {

// STATUS_PENDING; STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER_2. nf-wdm-porequestpowerirp
NTSTATUS PoRequestPowerIrp(PDEVICE_OBJECT DeviceObject, UCHAR MinorFunction, POWER_STATE PowerState,
                           PREQUEST_POWER_COMPLETE CompletionFunction, PVOID Context, PIRP* Irp) {
  if (MinorFunction != IRP_MN_QUERY_POWER && MinorFunction != IRP_MN_SET_POWER &&
      MinorFunction != IRP_MN_WAIT_WAKE) {
    return STATUS_INVALID_PARAMETER_2;
  }
  auto* request =
      static_cast<PowerRequest*>(ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(PowerRequest), 'rwoP'));
  if (request == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  PDEVICE_OBJECT top = TopOfStack(DeviceObject);
  PIRP irp = AllocateIrp(top->StackSize, IrpKind::kDriver);
  if (irp == nullptr) {
    ob::Dereference(top);
    ExFreePool(request);
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  *request = {CompletionFunction, Context, DeviceObject, top, MinorFunction, PowerState};
  irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
  PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
  stack->MajorFunction = IRP_MJ_POWER;
  stack->MinorFunction = MinorFunction;
  if (MinorFunction == IRP_MN_WAIT_WAKE) {
    stack->Parameters.WaitWake.PowerState = PowerState.SystemState;
  } else {
    stack->Parameters.Power.Type = DevicePowerState;
    stack->Parameters.Power.State = PowerState;
  }
  if (Irp != nullptr) *Irp = irp;
  IoSetCompletionRoutine(irp, PowerRequestDone, request, TRUE, TRUE, TRUE);
  IofCallDriver(top, irp);
  return STATUS_PENDING;
}

// Nothing since Windows Vista. nf-wdm-postartnextpowerirp
VOID PoStartNextPowerIrp(PIRP) {}

// The state that the device had: D0. nf-wdm-posetpowerstate
POWER_STATE PoSetPowerState(PDEVICE_OBJECT, POWER_STATE_TYPE Type, POWER_STATE) {
  POWER_STATE before = {};
  if (Type == DevicePowerState) {
    before.DeviceState = PowerDeviceD0;
  } else {
    before.SystemState = PowerSystemWorking;
  }
  return before;
}

// Marks a wait/wake request of IoAllocateIrp or PoRequestPowerIrp. nf-wdm-posetsystemwake
VOID PoSetSystemWake(PIRP Irp) {
  if (HasHeader(Irp)) IrpHeader::Of(Irp)->woke_system = true;
}
// nf-wdm-pogetsystemwake
BOOLEAN PoGetSystemWake(PIRP Irp) {
  return HasHeader(Irp) && IrpHeader::Of(Irp)->woke_system;
}

// Null: no device is put to sleep for being idle, which the page allows for.
// nf-wdm-poregisterdeviceforidledetection
PULONG PoRegisterDeviceForIdleDetection(PDEVICE_OBJECT, ULONG, ULONG, DEVICE_POWER_STATE) {
  return nullptr;
}

// The machine is always busy. nf-wdm-posetsystemstate
VOID PoSetSystemState(EXECUTION_STATE) {}
PVOID PoRegisterSystemState(PVOID StateHandle, EXECUTION_STATE) {
  static ULONG state;
  return StateHandle == nullptr ? &state : StateHandle;
}
VOID PoUnregisterSystemState(PVOID) {}

// STATUS_WMI_… never occurs: there are no consumers. nf-wdm-iowmiregistrationcontrol
NTSTATUS IoWMIRegistrationControl(PDEVICE_OBJECT, ULONG Action) {
  return Action == WMIREG_ACTION_REGISTER || Action == WMIREG_ACTION_DEREGISTER ||
                 Action == WMIREG_ACTION_REREGISTER || Action == WMIREG_ACTION_UPDATE_GUIDS ||
                 Action == WMIREG_ACTION_BLOCK_IRPS
             ? STATUS_SUCCESS
             : STATUS_INVALID_PARAMETER;
}

// Takes the event's block over, as the page says, and has no one to give it to. nf-wdm-iowmiwriteevent
NTSTATUS IoWMIWriteEvent(PVOID WnodeEventItem) {
  if (WnodeEventItem != nullptr) ExFreePool(WnodeEventItem);
  return STATUS_SUCCESS;
}

// nf-wdm-iowmideviceobjecttoproviderid
ULONG IoWMIDeviceObjectToProviderId(PDEVICE_OBJECT DeviceObject) {
  return static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(DeviceObject) >> 4);
}

}  // extern "C"
