// SPDX-License-Identifier: MIT
#include <ddi/ke_ntddk.h>

#include "ke/dispatcher.h"

using namespace ring3::ke;

namespace {

// Sets the event under the lock; returns the state before. `pulse`: reset again once the waits have been
// satisfied.
enum class SetKind : bool { kSet, kPulse };

LONG SetEvent(PKEVENT event, SetKind kind) {
  DispatcherScope scope;
  CheckObjectLocked(event->Header);
  const LONG before = ReadSignalState(event->Header);
  if (before == 0) {
    StoreSignalState(event->Header, 1);
    SignalObjectLocked(event->Header, scope.wakes);
  }
  if (kind == SetKind::kPulse) StoreSignalState(event->Header, 0);
  return before;
}

LONG SetEventAt(PKEVENT event, BOOLEAN wait, SetKind kind) {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql > DISPATCH_LEVEL) {
    VerifierViolation(0x80, thread->state.irql, reinterpret_cast<ULONG_PTR>(event), 0);
  }
  if (wait) CheckIrqlAtMost(thread, APC_LEVEL);
  const LONG before = SetEvent(event, kind);
  if (wait) PrepareWaitNext(thread);
  return before;
}

}  // namespace

// Any IRQL. (nf-wdm-keinitializeevent)
VOID KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State) {
  InitializeHeader(Event->Header,
                   Type == NotificationEvent ? kEventNotificationObject : kEventSynchronizationObject,
                   sizeof(KEVENT), State ? 1 : 0);
}

// Sets the event and satisfies waits; returns the state before. Wait TRUE: a KeWait call follows, the IRQL
// stays raised until then. IRQL <= DISPATCH_LEVEL (Wait TRUE: <= APC_LEVEL), else
// DRIVER_VERIFIER_DETECTED_VIOLATION 0x80. (nf-wdm-kesetevent)
LONG KeSetEvent(PRKEVENT Event, KPRIORITY, BOOLEAN Wait) {
  return SetEventAt(Event, Wait, SetKind::kSet);
}

// Sets, satisfies waits, resets; returns the state before. (nf-ntddk-kepulseevent)
LONG KePulseEvent(PRKEVENT Event, KPRIORITY, BOOLEAN Wait) {
  return SetEventAt(Event, Wait, SetKind::kPulse);
}

// IRQL <= DISPATCH_LEVEL. (nf-wdm-keclearevent)
VOID KeClearEvent(PRKEVENT Event) {
  StoreSignalState(Event->Header, 0);
}

// Resets; returns the state before. IRQL <= DISPATCH_LEVEL. (nf-wdm-keresetevent)
LONG KeResetEvent(PRKEVENT Event) {
  CheckIrqlAtMost(CurrentThread(), DISPATCH_LEVEL);
  DispatcherScope scope;
  const LONG before = ReadSignalState(Event->Header);
  StoreSignalState(Event->Header, 0);
  return before;
}

// Nonzero when signalled; not synchronised with anything. (nf-wdm-kereadstateevent)
LONG KeReadStateEvent(PRKEVENT Event) {
  return ReadSignalState(Event->Header);
}
