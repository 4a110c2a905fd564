// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/ke.h>
#include <ntstatus.h>

#include <algorithm>
#include <new>

#include "base/fault_injection.h"
#include "ke/driver_gate.h"
#include "ke/kernel.h"

// A timer that the executive allocates; its KTIMER comes first, so that it can be waited for. Its callbacks
// run in the queue of one processor, and so does its deletion: behind them.
struct _EX_TIMER {
  KTIMER timer;
  KDPC dpc;
  PEXT_CALLBACK callback;
  PVOID context;
  ULONG attributes;
  // For ExDeleteTimer without waiting.
  KDPC delete_dpc;
  PEXT_DELETE_CALLBACK delete_callback;
  PVOID delete_context;
};

namespace {

using namespace ring3::ke;

constexpr LONGLONG kMillisecond = 10'000;  // in 100 ns units

void NTAPI RunCallback(PKDPC, PVOID context, PVOID, PVOID) {
  auto* timer = static_cast<PEX_TIMER>(context);
  CallDriver(nullptr, Callback::kTimer, timer->callback, timer, timer->context);
}

void Free(PEX_TIMER timer) {
  g_kernel->allocated_timers.fetch_sub(1, std::memory_order_relaxed);
  delete timer;
}

void NTAPI RunDelete(PKDPC, PVOID context, PVOID, PVOID) {
  auto* timer = static_cast<PEX_TIMER>(context);
  PEXT_DELETE_CALLBACK callback = timer->delete_callback;
  PVOID callback_context = timer->delete_context;
  Free(timer);
  if (callback != nullptr) CallDriver(nullptr, Callback::kTimer, callback, callback_context);
}

[[noreturn]] void InvalidTimer(PEX_TIMER timer) {
  KeBugCheckEx(TIMER_OR_DPC_INVALID, 0, reinterpret_cast<ULONG_PTR>(timer), 0, 0);
}

}  // namespace

// A timer with an optional callback, run at DISPATCH_LEVEL. Null when there is no memory. Attributes:
// EX_TIMER_NOTIFICATION, EX_TIMER_HIGH_RESOLUTION or EX_TIMER_NO_WAKE; both of the latter are a bug check.
// IRQL <= DISPATCH_LEVEL. (nf-wdm-exallocatetimer)
PEX_TIMER ExAllocateTimer(PEXT_CALLBACK Callback, PVOID CallbackContext, ULONG Attributes) {
  CheckIrqlAtMost(CurrentThread(), DISPATCH_LEVEL);
  constexpr ULONG kExclusive = EX_TIMER_HIGH_RESOLUTION | EX_TIMER_NO_WAKE;
  if ((Attributes & kExclusive) == kExclusive) InvalidTimer(nullptr);
  auto* timer = ring3::ShouldFail("ExAllocateTimer") ? nullptr : new (std::nothrow) _EX_TIMER();
  if (timer == nullptr) return nullptr;
  g_kernel->allocated_timers.fetch_add(1, std::memory_order_relaxed);
  KeInitializeTimerEx(&timer->timer,
                      Attributes & EX_TIMER_NOTIFICATION ? NotificationTimer : SynchronizationTimer);
  KeInitializeDpc(&timer->dpc, RunCallback, timer);
  // Callbacks of one timer, and its deletion behind them, follow each other in one queue.
  KeSetTargetProcessorDpc(&timer->dpc, 0);
  timer->callback = Callback;
  timer->context = CallbackContext;
  timer->attributes = Attributes;
  return timer;
}

// Sets it: DueTime and Period in 100 ns units; TRUE when it was set (that is cancelled). A high-resolution
// timer takes a relative DueTime only, else bug check. IRQL <= DISPATCH_LEVEL. (nf-wdm-exsettimer)
BOOLEAN ExSetTimer(PEX_TIMER Timer, LONGLONG DueTime, LONGLONG Period, PEXT_SET_PARAMETERS) {
  CheckIrqlAtMost(CurrentThread(), DISPATCH_LEVEL);
  if ((Timer->attributes & EX_TIMER_HIGH_RESOLUTION) != 0 && DueTime >= 0) InvalidTimer(Timer);
  if (Period < 0 || Period > MAXLONG) InvalidTimer(Timer);
  // It expires at most once in a tick of the clock; that is a millisecond at its finest.
  const auto period_ms = static_cast<ULONG>(Period == 0 ? 0 : std::max(LONGLONG{1}, Period / kMillisecond));
  return g_kernel->timers.Set(&Timer->timer, DueTime, period_ms,
                              Timer->callback == nullptr ? nullptr : &Timer->dpc);
}

// TRUE when it was set. IRQL <= DISPATCH_LEVEL. (nf-wdm-excanceltimer)
BOOLEAN ExCancelTimer(PEX_TIMER Timer, PEXT_CANCEL_PARAMETERS) {
  CheckIrqlAtMost(CurrentThread(), DISPATCH_LEVEL);
  return g_kernel->timers.Cancel(&Timer->timer);
}

// Deletes it: TRUE when Cancel is TRUE and it was set. Wait TRUE (then Cancel must be, else bug check):
// returns when no callback runs any more, IRQL <= APC_LEVEL; otherwise IRQL <= DISPATCH_LEVEL, the delete
// callback of Parameters is called then. (nf-wdm-exdeletetimer)
BOOLEAN ExDeleteTimer(PEX_TIMER Timer, BOOLEAN Cancel, BOOLEAN Wait, PEXT_DELETE_PARAMETERS Parameters) {
  CheckIrqlAtMost(CurrentThread(), Wait ? APC_LEVEL : DISPATCH_LEVEL);
  if (Wait && !Cancel) InvalidTimer(Timer);
  // Without Cancel the timer must not expire afterwards either: nobody could use it.
  const bool was_set = g_kernel->timers.Cancel(&Timer->timer);
  if (Parameters != nullptr) {
    Timer->delete_callback = Parameters->DeleteCallback;
    Timer->delete_context = Parameters->DeleteContext;
  }
  KeInitializeDpc(&Timer->delete_dpc, RunDelete, Timer);
  KeSetTargetProcessorDpc(&Timer->delete_dpc, 0);
  if (Wait) {
    g_kernel->dpcs.QueueFor(&Timer->delete_dpc).Flush();
    PEXT_DELETE_CALLBACK callback = Timer->delete_callback;
    PVOID context = Timer->delete_context;
    Free(Timer);
    if (callback != nullptr) CallDriver(nullptr, Callback::kTimer, callback, context);
  } else {
    g_kernel->dpcs.Insert(&Timer->delete_dpc, nullptr, nullptr);
  }
  return Cancel && was_set;
}
