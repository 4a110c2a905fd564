// SPDX-License-Identifier: MIT
// Cancelling packets.
#include <bugcodes.h>
#include <ntstatus.h>

#include "io/irp.h"
#include "ke/driver_gate.h"

using namespace ring3;

namespace {

KSPIN_LOCK g_cancel_spin_lock;

// Drivers read the flag as they read any other, which is right after the exchange of the cancel routine that
// they have made: not a race to report.
__attribute__((no_sanitize("thread"), noinline)) void MarkCancelled(PIRP irp) {
  *static_cast<volatile BOOLEAN*>(&irp->Cancel) = TRUE;
}

}  // namespace

extern "C" {

// The lock of all cancel routines. IRQL <= DISPATCH_LEVEL. nf-wdm-ioacquirecancelspinlock
VOID IoAcquireCancelSpinLock(PKIRQL Irql) {
  KeAcquireSpinLock(&g_cancel_spin_lock, Irql);
}

// nf-wdm-ioreleasecancelspinlock
VOID IoReleaseCancelSpinLock(KIRQL Irql) {
  KeReleaseSpinLock(&g_cancel_spin_lock, Irql);
}

// Marks the packet cancelled and calls its cancel routine, which releases the cancel spin lock. FALSE where
// it has none. IRQL <= DISPATCH_LEVEL. CANCEL_STATE_IN_COMPLETED_IRP. nf-wdm-iocancelirp
BOOLEAN IoCancelIrp(PIRP Irp) {
  KIRQL irql;
  IoAcquireCancelSpinLock(&irql);
  MarkCancelled(Irp);
  PDRIVER_CANCEL routine = IoSetCancelRoutine(Irp, nullptr);
  if (routine == nullptr) {
    IoReleaseCancelSpinLock(irql);
    return FALSE;
  }
  if (Irp->CurrentLocation > Irp->StackCount + 1) {
    KeBugCheckEx(CANCEL_STATE_IN_COMPLETED_IRP, reinterpret_cast<ULONG_PTR>(Irp),
                 reinterpret_cast<ULONG_PTR>(routine), 0, 0);
  }
  Irp->CancelIrql = irql;
  PDEVICE_OBJECT device = IoGetCurrentIrpStackLocation(Irp)->DeviceObject;
  const void* driver = device == nullptr ? nullptr : device->DriverObject;
  ke::CallDriver<ke::OnReturn::kLocksMayDiffer>(driver, ke::Callback::kCancel, routine, device, Irp);
  return TRUE;
}

}  // extern "C"
