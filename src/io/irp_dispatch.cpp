// SPDX-License-Identifier: MIT
// A packet's way down the device stack and up again.
#include <bugcodes.h>
#include <ntstatus.h>

#include "io/irp.h"
#include "ke/driver_gate.h"

using namespace ring3;
using namespace ring3::io;

namespace {

[[noreturn]] void Violation(ULONG_PTR code, const void* p2 = nullptr, ULONG_PTR p3 = 0, ULONG_PTR p4 = 0) {
  KeBugCheckEx(DRIVER_VERIFIER_IOMANAGER_VIOLATION, code, reinterpret_cast<ULONG_PTR>(p2), p3, p4);
}

void CheckCompletable(PIRP irp) {
  if (irp->Type != IO_TYPE_IRP || irp->CurrentLocation > irp->StackCount + 1) {
    KeBugCheckEx(MULTIPLE_IRP_COMPLETE_REQUESTS, reinterpret_cast<ULONG_PTR>(irp), 0, 0, 0);
  }
  NTSTATUS status = irp->IoStatus.Status;
  if (status == STATUS_PENDING || status == -1) {
    Violation(6, reinterpret_cast<const void*>(static_cast<ULONG_PTR>(static_cast<ULONG>(status))),
              reinterpret_cast<ULONG_PTR>(irp));
  }
  if (PDRIVER_CANCEL routine = CancelRoutineOf(*irp); routine != nullptr) {
    Violation(7, reinterpret_cast<const void*>(routine), reinterpret_cast<ULONG_PTR>(irp));
  }
  KIRQL irql = ke::CurrentThread()->state.irql;
  if (irql > DISPATCH_LEVEL) {
    Violation(0xE, reinterpret_cast<const void*>(static_cast<ULONG_PTR>(irql)),
              reinterpret_cast<ULONG_PTR>(irp));
  }
}

bool WantsCompletion(const IO_STACK_LOCATION& stack, const IRP& irp) {
  if (NT_SUCCESS(irp.IoStatus.Status) ? (stack.Control & SL_INVOKE_ON_SUCCESS) != 0
                                      : (stack.Control & SL_INVOKE_ON_ERROR) != 0) {
    return true;
  }
  return IsCancelled(irp) && (stack.Control & SL_INVOKE_ON_CANCEL) != 0;
}

// The completion routine that tells a waiting forwarder.
NTSTATUS SignalForwarder(PDEVICE_OBJECT, PIRP irp, PVOID context) {
  if (irp->PendingReturned) KeSetEvent(static_cast<PKEVENT>(context), IO_NO_INCREMENT, FALSE);
  return STATUS_MORE_PROCESSING_REQUIRED;
}

}  // namespace

extern "C" {

// Sends the packet to the driver of `DeviceObject`; returns what its dispatch routine does. IRQL <=
// DISPATCH_LEVEL. NO_MORE_IRP_STACK_LOCATIONS; DRIVER_VERIFIER_IOMANAGER_VIOLATION 3 (no packet), 4 (no
// device), 0x10 (IRQL), 0x203 (cancel routine still set). nf-wdm-iofcalldriver
NTSTATUS IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  if (Irp->Type != IO_TYPE_IRP) Violation(3, Irp);
  if (DeviceObject == nullptr || DeviceObject->Type != IO_TYPE_DEVICE) Violation(4, DeviceObject);
  KIRQL irql = ke::CurrentThread()->state.irql;
  if (irql > DISPATCH_LEVEL) Violation(0x10, reinterpret_cast<const void*>(static_cast<ULONG_PTR>(irql)));
  if (CancelRoutineOf(*Irp) != nullptr) {
    Violation(0x203, __builtin_return_address(0), reinterpret_cast<ULONG_PTR>(Irp));
  }
  if (--Irp->CurrentLocation <= 0) {
    KeBugCheckEx(NO_MORE_IRP_STACK_LOCATIONS, reinterpret_cast<ULONG_PTR>(Irp), 0, 0, 0);
  }
  PIO_STACK_LOCATION stack = --Irp->Tail.Overlay.CurrentStackLocation;
  stack->DeviceObject = DeviceObject;
  PDRIVER_OBJECT driver = DeviceObject->DriverObject;
  UCHAR major = stack->MajorFunction <= IRP_MJ_MAXIMUM_FUNCTION ? stack->MajorFunction : UCHAR{IRP_MJ_SCSI};
  return ke::CallDriver(driver, ke::Callback::kDispatch, driver->MajorFunction[major], DeviceObject, Irp);
}

// Power packets go the ordinary way. nf-wdm-pocalldriver
NTSTATUS PoCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  return IofCallDriver(DeviceObject, Irp);
}

// Runs the completion routines from here to the top, then ends the request. IRQL <= DISPATCH_LEVEL.
// MULTIPLE_IRP_COMPLETE_REQUESTS; DRIVER_VERIFIER_IOMANAGER_VIOLATION 6 (status is pending), 7 (cancel
// routine set), 0xE (IRQL). nf-wdm-iofcompleterequest
VOID IofCompleteRequest(PIRP Irp, CCHAR) {
  CheckCompletable(Irp);
  PIO_STACK_LOCATION stack = Irp->Tail.Overlay.CurrentStackLocation;
  ++Irp->CurrentLocation;
  ++Irp->Tail.Overlay.CurrentStackLocation;
  const CHAR top = static_cast<CHAR>(Irp->StackCount + 1);
  while (Irp->CurrentLocation <= top) {
    Irp->PendingReturned = (stack->Control & SL_PENDING_RETURNED) != 0;
    if (!NT_SUCCESS(Irp->IoStatus.Status)) stack->Control |= SL_ERROR_RETURNED;
    if (WantsCompletion(*stack, *Irp)) {
      PIO_COMPLETION_ROUTINE routine = stack->CompletionRoutine;
      PVOID context = stack->Context;
      PDEVICE_OBJECT device =
          Irp->CurrentLocation == top ? nullptr : Irp->Tail.Overlay.CurrentStackLocation->DeviceObject;
      const void* driver = device == nullptr ? nullptr : device->DriverObject;
      stack->MinorFunction = stack->Flags = stack->Control = 0;
      stack->CompletionRoutine = nullptr;
      stack->Context = nullptr;
      NTSTATUS status = ke::CallDriver(driver, ke::Callback::kCompletion, routine, device, Irp, context);
      if (status == STATUS_MORE_PROCESSING_REQUIRED) return;
    } else if (Irp->PendingReturned && Irp->CurrentLocation < top) {
      IoMarkIrpPending(Irp);
    }
    ++stack;
    ++Irp->CurrentLocation;
    ++Irp->Tail.Overlay.CurrentStackLocation;
  }
  EndCompletedIrp(Irp);
}

// Sends the packet down and waits for it to come back; FALSE where it has no stack location left.
// PASSIVE_LEVEL. nf-wdm-ioforwardirpsynchronously
BOOLEAN IoForwardIrpSynchronously(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  if (Irp->CurrentLocation <= 1) return FALSE;
  KEVENT event;
  KeInitializeEvent(&event, NotificationEvent, FALSE);
  IoCopyCurrentIrpStackLocationToNext(Irp);
  IoSetCompletionRoutine(Irp, SignalForwarder, &event, TRUE, TRUE, TRUE);
  if (IofCallDriver(DeviceObject, Irp) == STATUS_PENDING) {
    KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, nullptr);
  }
  return TRUE;
}

// As IoSetCompletionRoutine; the driver cannot be unloaded before it was called: here drivers are not
// unloaded while their devices are in use anyway. nf-wdm-iosetcompletionroutineex
NTSTATUS IoSetCompletionRoutineEx(PDEVICE_OBJECT, PIRP Irp, PIO_COMPLETION_ROUTINE CompletionRoutine,
                                  PVOID Context, BOOLEAN InvokeOnSuccess, BOOLEAN InvokeOnError,
                                  BOOLEAN InvokeOnCancel) {
  IoSetCompletionRoutine(Irp, CompletionRoutine, Context, InvokeOnSuccess, InvokeOnError, InvokeOnCancel);
  return STATUS_SUCCESS;
}

}  // extern "C"
