// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <type_traits>
#include <utility>

#include "ke/kthread.h"
#include "ke/room.h"

namespace ring3::ke {

// What a driver's routine is called as. Decides the bug check when it returns with another IRQL, APC state or
// locks.
enum class Callback : uint8_t {
  kDriverEntry,
  kDriverUnload,
  kAddDevice,
  kDispatch,
  kFastIo,
  kCompletion,
  kCancel,
  kStartIo,
  kDpc,
  kTimerDpc,
  kInterruptService,
  kSynchronize,
  kWorkItem,
  kSystemThread,
  kTimer,
  kApc,
  kNotify,
  kAllocator,
  kListControl,
  kCallout,
  kOther,
};

const char* CallbackName(Callback callback);

// What may be different when the callback comes back.
enum class OnReturn : uint8_t {
  kAsBefore,
  // IRQL and spin locks may differ, as the contract of the callback has it: a cancel routine releases the
  // cancel spin lock, an IO_CSQ acquires and releases its lock. APC state may not.
  kLocksMayDiffer,
};

// A call into a driver that is under way. The chain from KTHREAD::driver_call is what reports print.
struct DriverCall {
  DriverCall* outer;
  // The DRIVER_OBJECT (or whatever the caller knows the driver by), null when not known.
  const void* driver;
  const void* function;
  // For reports and for the bug check's parameters: device object, IRP, APC, KINTERRUPT …
  const void* subject;
  Callback callback;
  KPROCESSOR_MODE previous_mode;
  uint32_t kernel_depth;
  ExecutionState before;
};

// Never returns: the bug check that the documentation has for `call` returning in state `after`.
[[noreturn]] void DriverReturnedInAnotherState(const DriverCall& call, const ExecutionState& after);

inline bool SameState(const ExecutionState& a, const ExecutionState& b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

// An exception is about to continue in a frame at `stack_pointer`: the calls into drivers, and the services,
// below it are over. Destructors do not run when a structured exception unwinds. rtl's unwind hook.
void ForgetDriverCallsBelow(uintptr_t stack_pointer);

class DriverCallScope {
 public:
  DriverCallScope(const void* driver, const void* function, const void* subject, Callback callback)
      : thread_(CurrentThread()),
        call_{thread_->driver_call,  driver,        function, subject, callback, thread_->previous_mode,
              thread_->kernel_depth, thread_->state} {
    thread_->driver_call = &call_;
    if (__builtin_expect(thread_->client != nullptr, false) && call_.outer == nullptr) EnterRoom(thread_);
  }
  ~DriverCallScope() {
    thread_->driver_call = call_.outer;
    if (__builtin_expect(thread_->client != nullptr, false) && call_.outer == nullptr) LeaveOutermost();
  }
  DriverCallScope(const DriverCallScope&) = delete;
  DriverCallScope& operator=(const DriverCallScope&) = delete;

  void Check(OnReturn on_return) const {
    ExecutionState expected = call_.before;
    if (on_return == OnReturn::kLocksMayDiffer) {
      expected.irql = thread_->state.irql;
      expected.spin_lock_count = thread_->state.spin_lock_count;
    }
    if (__builtin_expect(!SameState(expected, thread_->state), false)) {
      DriverReturnedInAnotherState(call_, thread_->state);
    }
  }

 private:
  void LeaveOutermost() {
    if (thread_->in_room) LeaveRoom(thread_);
  }

  const PKTHREAD thread_;
  DriverCall call_;
};

// The one place for calls into driver code. No executive lock may be held.
//
//   NTSTATUS status = ke::CallDriver(driver_object, Callback::kDispatch, dispatch_routine, device, irp);
//
// `subject` of the report is the first argument. `driver` null: found by the function's address when
// reported.
template <OnReturn on_return = OnReturn::kAsBefore, typename R, typename... Params, typename... Args>
inline R CallDriver(const void* driver, Callback callback, R (*function)(Params...), Args... args) {
  const void* subject = nullptr;
  if constexpr (sizeof...(Args) > 0) {
    subject = [](auto first, auto...) -> const void* {
      if constexpr (std::is_pointer_v<decltype(first)>) {
        return reinterpret_cast<const void*>(first);
      } else {
        return nullptr;
      }
    }(args...);
  }
  DriverCallScope scope(driver, reinterpret_cast<const void*>(function), subject, callback);
  if constexpr (std::is_void_v<R>) {
    function(args...);
    scope.Check(on_return);
  } else {
    R result = function(args...);
    scope.Check(on_return);
    return result;
  }
}

}  // namespace ring3::ke
