// SPDX-License-Identifier: MIT
// Controllers that several devices share, one at a time.
#include <ddi/ex.h>
#include <ddi/io_ntddk.h>
#include <ntstatus.h>

#include <cstring>

#include "ke/driver_gate.h"

using namespace ring3;

namespace {

// Calls the routine of the device that has the controller now, and of those after it while they give it back
// at once.
void Run(PCONTROLLER_OBJECT controller, PDEVICE_OBJECT device) {
  while (device != nullptr) {
    PWAIT_CONTEXT_BLOCK block = &device->Queue.Wcb;
    IO_ALLOCATION_ACTION action =
        ke::CallDriver(device->DriverObject, ke::Callback::kAllocator, block->DeviceRoutine, device,
                       static_cast<PIRP>(block->CurrentIrp), PVOID{nullptr}, block->DeviceContext);
    if (action == KeepObject) return;
    PKDEVICE_QUEUE_ENTRY next = KeRemoveDeviceQueue(&controller->DeviceWaitQueue);
    device = next == nullptr ? nullptr : CONTAINING_RECORD(next, DEVICE_OBJECT, Queue.Wcb.WaitQueueEntry);
  }
}

}  // namespace

extern "C" {

// Null where memory is exhausted. PASSIVE_LEVEL. nf-ntddk-iocreatecontroller
PCONTROLLER_OBJECT IoCreateController(ULONG Size) {
  size_t byte_count = sizeof(CONTROLLER_OBJECT) + Size;
  auto* controller =
      static_cast<PCONTROLLER_OBJECT>(ExAllocatePoolWithTag(NonPagedPoolNx, byte_count, 'rtnC'));
  if (controller == nullptr) return nullptr;
  std::memset(static_cast<void*>(controller), 0, byte_count);
  controller->Type = IO_TYPE_CONTROLLER;
  controller->Size = static_cast<CSHORT>(byte_count);
  controller->ControllerExtension = controller + 1;
  KeInitializeDeviceQueue(&controller->DeviceWaitQueue);
  return controller;
}

// nf-ntddk-iodeletecontroller
VOID IoDeleteController(PCONTROLLER_OBJECT ControllerObject) {
  ExFreePool(ControllerObject);
}

// Calls the routine when the controller is free. DISPATCH_LEVEL. nf-ntddk-ioallocatecontroller
VOID IoAllocateController(PCONTROLLER_OBJECT ControllerObject, PDEVICE_OBJECT DeviceObject,
                          PDRIVER_CONTROL ExecutionRoutine, PVOID Context) {
  PWAIT_CONTEXT_BLOCK block = &DeviceObject->Queue.Wcb;
  block->DeviceRoutine = ExecutionRoutine;
  block->DeviceContext = Context;
  block->DeviceObject = DeviceObject;
  block->CurrentIrp = DeviceObject->CurrentIrp;
  if (KeInsertDeviceQueue(&ControllerObject->DeviceWaitQueue, &block->WaitQueueEntry)) return;
  Run(ControllerObject, DeviceObject);
}

// DISPATCH_LEVEL. nf-ntddk-iofreecontroller
VOID IoFreeController(PCONTROLLER_OBJECT ControllerObject) {
  PKDEVICE_QUEUE_ENTRY next = KeRemoveDeviceQueue(&ControllerObject->DeviceWaitQueue);
  if (next != nullptr)
    Run(ControllerObject, CONTAINING_RECORD(next, DEVICE_OBJECT, Queue.Wcb.WaitQueueEntry));
}

// Counts that drivers keep. nf-ntddk-iogetconfigurationinformation
PCONFIGURATION_INFORMATION IoGetConfigurationInformation(VOID) {
  static CONFIGURATION_INFORMATION information = {.Version = sizeof(CONFIGURATION_INFORMATION)};
  return &information;
}

}  // extern "C"
