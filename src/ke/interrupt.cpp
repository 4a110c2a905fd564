// SPDX-License-Identifier: MIT
#include "ke/interrupt.h"

#include <bugcodes.h>
#include <ntstatus.h>

#include "ke/driver_gate.h"
#include "ke/irql.h"
#include "ke/kspin_lock.h"

namespace ring3::ke {
namespace {

// Holds what the service routine holds.
class InterruptScope {
 public:
  explicit InterruptScope(PKINTERRUPT interrupt)
      : interrupt_(interrupt), old_irql_(KeAcquireInterruptSpinLock(interrupt)) {}
  ~InterruptScope() { KeReleaseInterruptSpinLock(interrupt_, old_irql_); }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

 private:
  PKINTERRUPT interrupt_;
  KIRQL old_irql_;
};

}  // namespace

Status ConnectInterrupt(PKINTERRUPT interrupt) {
  if (interrupt->passive) {
    KeInitializeEvent(&interrupt->passive_lock, SynchronizationEvent, TRUE);
  } else if (interrupt->irql <= DISPATCH_LEVEL || interrupt->synchronize_irql < interrupt->irql ||
             interrupt->synchronize_irql > HIGH_LEVEL) {
    return STATUS_INVALID_PARAMETER;
  }
  if (interrupt->lock == nullptr) interrupt->lock = &interrupt->own_lock;
  InterruptScope scope(interrupt);
  interrupt->connected = true;
  return STATUS_SUCCESS;
}

void DisconnectInterrupt(PKINTERRUPT interrupt) {
  CheckIrqlAtMost(CurrentThread(), PASSIVE_LEVEL);
  InterruptScope scope(interrupt);
  interrupt->connected = false;
}

bool FireInterrupt(PKINTERRUPT interrupt) {
  InterruptScope scope(interrupt);
  if (!interrupt->connected) return false;
  PKTHREAD thread = CurrentThread();
  PKINTERRUPT outer = std::exchange(thread->interrupt, interrupt);
  BOOLEAN claimed;
  if (interrupt->message_service_routine != nullptr) {
    claimed = CallDriver(interrupt->driver, Callback::kInterruptService, interrupt->message_service_routine,
                         interrupt, interrupt->service_context, interrupt->message_id);
  } else {
    claimed = CallDriver(interrupt->driver, Callback::kInterruptService, interrupt->service_routine,
                         interrupt, interrupt->service_context);
  }
  thread->interrupt = outer;
  return claimed != FALSE;
}

}  // namespace ring3::ke

using namespace ring3::ke;

// Raises to the interrupt's synchronize IRQL and takes its lock; returns the IRQL before. IRQL <= that IRQL.
// (nf-wdm-keacquireinterruptspinlock)
KIRQL KeAcquireInterruptSpinLock(PKINTERRUPT Interrupt) {
  PKTHREAD thread = CurrentThread();
  if (Interrupt->passive) {
    CheckIrqlAtMost(thread, APC_LEVEL);
    KeWaitForSingleObject(&Interrupt->passive_lock, Executive, KernelMode, FALSE, nullptr);
    return thread->state.irql;
  }
  CheckIrqlAtMost(thread, Interrupt->synchronize_irql);
  const KIRQL old_irql = RaiseIrqlTo(thread, Interrupt->synchronize_irql);
  AcquireKSpinLock(thread, Interrupt->lock);
  return old_irql;
}

// (nf-wdm-kereleaseinterruptspinlock)
VOID KeReleaseInterruptSpinLock(PKINTERRUPT Interrupt, KIRQL OldIrql) {
  PKTHREAD thread = CurrentThread();
  if (Interrupt->passive) {
    KeSetEvent(&Interrupt->passive_lock, 0, FALSE);
    return;
  }
  ReleaseKSpinLock(thread, Interrupt->lock);
  LowerIrqlTo(thread, OldIrql);
}

// Runs the routine as the service routine would run, never at the same time as that; what it returned. IRQL
// <= the interrupt's synchronize IRQL. (nf-wdm-kesynchronizeexecution)
BOOLEAN KeSynchronizeExecution(PKINTERRUPT Interrupt, PKSYNCHRONIZE_ROUTINE SynchronizeRoutine,
                               PVOID SynchronizeContext) {
  InterruptScope scope(Interrupt);
  return CallDriver(Interrupt->driver, Callback::kSynchronize, SynchronizeRoutine, SynchronizeContext);
}
