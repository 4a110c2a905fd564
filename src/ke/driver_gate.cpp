// SPDX-License-Identifier: MIT
#include "ke/driver_gate.h"

#include <bugcodes.h>

#include "ke/dispatcher.h"
#include "os/fault_handler.h"

namespace ring3::ke {
namespace {

// IRQL_UNEXPECTED_VALUE: which kind of routine changed the IRQL.
enum UniqueValue : ULONG_PTR { kApcRoutine = 0, kCalloutRoutine = 2, kServiceRoutine = 3 };

// APC_INDEX_MISMATCH: what returned.
enum CallType : ULONG_PTR { kSystemCall = 0, kWorkerRoutine = 1 };

ULONG_PTR ApcDisableCounts(const ExecutionState& state) {
  return (static_cast<ULONG_PTR>(static_cast<USHORT>(state.special_apc_disable)) << 16) |
         static_cast<USHORT>(state.kernel_apc_disable);
}

ULONG_PTR SignExtended(SHORT value) {
  return static_cast<ULONG_PTR>(static_cast<LONG_PTR>(value));
}

[[noreturn]] void IrqlChanged(const DriverCall& call, const ExecutionState& after) {
  const auto function = reinterpret_cast<ULONG_PTR>(call.function);
  const auto subject = reinterpret_cast<ULONG_PTR>(call.subject);
  switch (call.callback) {
    case Callback::kDispatch:
      KeBugCheckEx(DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x05, subject, call.before.irql, after.irql);
    case Callback::kFastIo:
      KeBugCheckEx(DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x11, function, call.before.irql, after.irql);
    case Callback::kCompletion:
      VerifierViolation(0xFA, function, call.before.irql, after.irql);
    case Callback::kInterruptService:
      VerifierViolation(0x111, function, call.before.irql, after.irql);
    default:
      break;
  }
  const ULONG_PTR unique = call.callback == Callback::kApc ? kApcRoutine : kCalloutRoutine;
  KeBugCheckEx(IRQL_UNEXPECTED_VALUE,
               (ULONG_PTR{after.irql} << 16) | (ULONG_PTR{call.before.irql} << 8) | unique, function, subject,
               0);
}

[[noreturn]] void ApcDisableChanged(const DriverCall& call, const ExecutionState& after) {
  const auto function = reinterpret_cast<ULONG_PTR>(call.function);
  const bool kernel = after.kernel_apc_disable != call.before.kernel_apc_disable;
  const ULONG_PTR now = SignExtended(kernel ? after.kernel_apc_disable : after.special_apc_disable);
  const ULONG_PTR before =
      SignExtended(kernel ? call.before.kernel_apc_disable : call.before.special_apc_disable);
  switch (call.callback) {
    case Callback::kDispatch:
      VerifierViolation(0xC5, function, now, before);
    case Callback::kFastIo:
      VerifierViolation(0xC6, function, now, before);
    case Callback::kCompletion:
      VerifierViolation(0xFB, function, now, before);
    case Callback::kDpc:
      KeBugCheckEx(TIMER_OR_DPC_INVALID, 4, function, before, now);
    case Callback::kTimerDpc:
      KeBugCheckEx(TIMER_OR_DPC_INVALID, 5, function, before, now);
    default:
      KeBugCheckEx(APC_INDEX_MISMATCH, function, static_cast<ULONG_PTR>(CurrentThread()->apc_state_index),
                   ApcDisableCounts(after), kWorkerRoutine);
  }
}

}  // namespace

const char* CallbackName(Callback callback) {
  switch (callback) {
    case Callback::kDriverEntry:
      return "DriverEntry";
    case Callback::kDriverUnload:
      return "DriverUnload";
    case Callback::kAddDevice:
      return "AddDevice";
    case Callback::kDispatch:
      return "dispatch routine";
    case Callback::kFastIo:
      return "fast I/O routine";
    case Callback::kCompletion:
      return "completion routine";
    case Callback::kCancel:
      return "cancel routine";
    case Callback::kStartIo:
      return "StartIo";
    case Callback::kDpc:
      return "DPC";
    case Callback::kTimerDpc:
      return "timer DPC";
    case Callback::kInterruptService:
      return "interrupt service routine";
    case Callback::kSynchronize:
      return "SynchCritSection routine";
    case Callback::kWorkItem:
      return "work item";
    case Callback::kSystemThread:
      return "system thread";
    case Callback::kTimer:
      return "timer callback";
    case Callback::kApc:
      return "APC";
    case Callback::kNotify:
      return "notification callback";
    case Callback::kAllocator:
      return "lookaside allocation routine";
    case Callback::kListControl:
      return "DMA callback";
    case Callback::kCallout:
      return "stack expansion callout";
    case Callback::kOther:
      return "callback";
  }
  return "callback";
}

void ForgetDriverCallsBelow(uintptr_t stack_pointer) {
  PKTHREAD thread = CurrentThreadOrNull();
  if (thread == nullptr) return;
  // Records on another stack than the thread's own are not above or below anything.
  const uintptr_t stack_low = os::CurrentStackBounds().low;
  DriverCall* call = thread->driver_call;
  auto is_unwound = [&] {
    const auto address = reinterpret_cast<uintptr_t>(call);
    return address >= stack_low && address < stack_pointer;
  };
  while (call != nullptr && is_unwound()) call = call->outer;
  thread->driver_call = call;
  if (call == nullptr) {
    if (thread->in_room) LeaveRoom(thread);
    return;
  }
  thread->kernel_depth = call->kernel_depth;
  thread->previous_mode = call->previous_mode;
}

void DriverReturnedInAnotherState(const DriverCall& call, const ExecutionState& after) {
  if (after.irql != call.before.irql) IrqlChanged(call, after);
  if (after.kernel_apc_disable != call.before.kernel_apc_disable ||
      after.special_apc_disable != call.before.special_apc_disable) {
    ApcDisableChanged(call, after);
  }
  // At the same IRQL, but with locks that it took, or without ones that it should have kept.
  const bool more = after.spin_lock_count > call.before.spin_lock_count ||
                    after.fast_mutex_count > call.before.fast_mutex_count;
  KeBugCheckEx(more ? SPIN_LOCK_ALREADY_OWNED : SPIN_LOCK_NOT_OWNED,
               reinterpret_cast<ULONG_PTR>(call.function), reinterpret_cast<ULONG_PTR>(call.subject),
               after.spin_lock_count, after.fast_mutex_count);
}

}  // namespace ring3::ke
