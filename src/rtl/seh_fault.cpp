// SPDX-License-Identifier: MIT
// From a hardware fault to the dispatcher, and the stacks that the dispatcher runs on.
#include <algorithm>
#include <new>

#include "os/fault_context.h"
#include "os/fault_thread_stacks.h"
#include "rtl/seh_frame.h"

namespace ring3::rtl {
namespace {

void EnterDispatcher(void* record) {
  Ring3SehDispatch(static_cast<DispatchRecord*>(record));
}

// In the signal handler: has its return go to the dispatcher.
bool DispatchFault(const os::HardwareFault& fault) {
  if (ring3_seh_top == nullptr && !os::InKernelMode()) return false;
  uintptr_t level = DispatchStackLevel(os::StackPointer(fault));
  if (level == 0) return false;
  size_t extended_bytes = os::ExtendedStateBytes(fault);
  level = (level - extended_bytes) & ~uintptr_t{63};
  void* extended = reinterpret_cast<void*>(level);
  level = (level - sizeof(DispatchRecord)) & ~uintptr_t{63};
  auto* record = new (reinterpret_cast<void*>(level)) DispatchRecord;
  record->from_fault = true;
  os::FillExceptionRecord(fault, &record->record);
  os::FillContext(fault, &record->context);
  if (extended_bytes != 0) {
    os::CopyExtendedState(fault, extended);
    record->xstate = extended;
  }
  os::ReturnInto(fault, EnterDispatcher, record, level);
  return true;
}

__attribute__((constructor)) void RegisterExceptionStage() {
  os::SetExceptionStage(DispatchFault);
}

}  // namespace

uintptr_t DispatchStackLevel(uintptr_t stack_pointer) {
  int index = 0;
  for (int i = 0; i < os::kDispatchStackCount; ++i) {
    // Only stacks that exist can be in use.
    if (i > 0 && !os::DispatchStackAt(i - 1).Contains(stack_pointer)) continue;
    if (i > 0) index = i;
  }
  if (os::DispatchStackAt(os::kDispatchStackCount - 1).Contains(stack_pointer)) return 0;
  const os::DispatchStack& stack = os::DispatchStackAt(index);
  if (stack.low == 0) return 0;
  uintptr_t level = stack.high;
  for (const DispatchRecord* record = ring3_seh_record; record != nullptr; record = record->outer) {
    if (stack.Contains(record->switch_rsp)) level = std::min<uintptr_t>(level, record->switch_rsp);
  }
  constexpr uintptr_t kLeastRoom = 64 * 1024;
  return level - stack.low < kLeastRoom ? 0 : level;
}

void PassFaultThrough(uintptr_t pc) {
  os::PassThrough(pc);
}

void CallUnhandledExceptionHook(EXCEPTION_POINTERS* exception) {
  if (os::UnhandledExceptionHook hook = os::CurrentUnhandledExceptionHook()) hook(exception);
}

}  // namespace ring3::rtl
