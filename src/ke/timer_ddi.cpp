// SPDX-License-Identifier: MIT
#include <ddi/ke.h>

#include "ke/kernel.h"
#include "ke/list.h"

using namespace ring3::ke;

// A notification timer. (nf-wdm-keinitializetimer)
VOID KeInitializeTimer(PKTIMER Timer) {
  KeInitializeTimerEx(Timer, NotificationTimer);
}

// Not set, not signalled. IRQL <= DISPATCH_LEVEL. (nf-wdm-keinitializetimerex)
VOID KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type) {
  InitializeHeader(Timer->Header,
                   Type == NotificationTimer ? kTimerNotificationObject : kTimerSynchronizationObject,
                   sizeof(KTIMER), 0);
  Timer->DueTime.QuadPart = 0;
  InitializeList(Timer->TimerListEntry);
  Timer->Dpc = nullptr;
  Timer->Processor = 0;
  Timer->Period = 0;
}

// (nf-wdm-kesettimer)
BOOLEAN KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc) {
  return KeSetTimerEx(Timer, DueTime, 0, Dpc);
}

// Sets the timer: DueTime in 100 ns units, negative relative, else system time; Period in milliseconds, zero
// for once. TRUE when it was set already (that is cancelled). IRQL <= DISPATCH_LEVEL. (nf-wdm-kesettimerex)
BOOLEAN KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc) {
  CheckIrqlAtMost(CurrentThread(), DISPATCH_LEVEL);
  return g_kernel->timers.Set(Timer, DueTime.QuadPart, Period < 0 ? 0 : static_cast<ULONG>(Period), Dpc);
}

// As KeSetTimerEx; the tolerance in milliseconds is not made use of. (nf-wdm-kesetcoalescabletimer)
BOOLEAN KeSetCoalescableTimer(PKTIMER Timer, LARGE_INTEGER DueTime, ULONG Period, ULONG, PKDPC Dpc) {
  CheckIrqlAtMost(CurrentThread(), DISPATCH_LEVEL);
  return g_kernel->timers.Set(Timer, DueTime.QuadPart, Period, Dpc);
}

// TRUE when it was set. A DPC that it queued already still runs. IRQL <= DISPATCH_LEVEL.
// (nf-wdm-kecanceltimer)
BOOLEAN KeCancelTimer(PKTIMER Timer) {
  CheckIrqlAtMost(CurrentThread(), DISPATCH_LEVEL);
  return g_kernel->timers.Cancel(Timer);
}

// Whether it is signalled; not synchronised with anything. (nf-wdm-kereadstatetimer)
BOOLEAN KeReadStateTimer(PKTIMER Timer) {
  return ReadSignalState(Timer->Header) != 0;
}
