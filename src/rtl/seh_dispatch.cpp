// SPDX-License-Identifier: MIT
// The two phases of an exception. Everything here runs on the dispatch stack, below nothing but its own
// frames, while the stack of the fault stays as it was: a filter runs in the middle of that stack, so what
// lies below it is put aside first.
#include <ntstatus.h>
#include <setjmp.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "os/fault_handler.h"
#include "os/raw_output.h"
#include "rtl/seh_frame.h"
#include "rtl/seh_saved_stack.h"

extern "C" __attribute__((weak)) void __asan_handle_no_return();
extern "C" __attribute__((weak)) void __tsan_init();

namespace ring3::rtl {
namespace {

std::atomic<UnwindHook> g_unwind_hook{nullptr};

bool UsesJumpBuffers() {
  return __tsan_init != nullptr;
}

void BeforeUnwindingTo(const DispatchRecord* record, const SehFrame* frame) {
  if (UnwindHook hook = g_unwind_hook.load(std::memory_order_acquire)) hook(frame->enter.rsp);
  ForgetPoison(record->context.Rsp - kRedZoneBytes, frame->enter.rsp);
}

// What the filter of `frame` says.
__attribute__((noinline)) int RunFilter(DispatchRecord* record, SehFrame* frame) {
  alignas(16) std::byte small[kSmallSaveBytes];
  SaveStack(record->saved, record->context.Rsp - kRedZoneBytes, frame->enter.rsp, small);
  frame->code = static_cast<uint32_t>(record->record.ExceptionCode);
  frame->info = &record->pointers;
  frame->state = kSehFilter;
  record->running = frame;
  record->phase = DispatchPhase::kFilter;
  // What the filter raises is for the frames outside it.
  ring3_seh_top = frame->previous;
  int disposition = Ring3SehSwitchToFrame(record, frame);
  ring3_seh_top = record->saved_top;
  record->running = nullptr;
  record->phase = DispatchPhase::kSearch;
  frame->state = kSehBody;
  RestoreStack(record->saved);
  return disposition;
}

void RunFinally(DispatchRecord* record, SehFrame* frame) {
  BeforeUnwindingTo(record, frame);
  frame->abnormal = 1;
  frame->state = kSehFinallyUnwind;
  record->running = frame;
  record->phase = DispatchPhase::kUnwind;
  if (UsesJumpBuffers()) {
    Ring3SehJumpToFrame(record, frame);
  } else {
    Ring3SehSwitchToFrame(record, frame);
  }
  record->running = nullptr;
}

// Runs the finally bodies between the exception and `target`, then goes to its handler. Exceptions that this
// one interrupted, in a filter or finally body that is now left for good, end here too, with the frames that
// they still had.
[[noreturn]] void Unwind(DispatchRecord* record, SehFrame* target) {
  record->record.ExceptionFlags |= EXCEPTION_UNWINDING;
  SehFrame* top = record->saved_top;
  for (;;) {
    while (DispatchRecord* outer = record->outer) {
      if (top != outer->running->previous) break;
      if (outer->phase == DispatchPhase::kFilter) {
        RestoreStack(outer->saved);
        outer->running->state = kSehBody;
        top = outer->saved_top;
      }
      record->outer = outer->outer;
    }
    if (top == target) break;
    SehFrame* frame = top;
    top = frame->previous;
    ring3_seh_top = top;
    if (frame->is_finally != 0) {
      RunFinally(record, frame);
    } else {
      frame->state = kSehDone;
    }
  }
  BeforeUnwindingTo(record, target);
  target->code = static_cast<uint32_t>(record->record.ExceptionCode);
  target->state = kSehHandler;
  ring3_seh_top = target->previous;
  ring3_seh_record = record->outer;
  if (UsesJumpBuffers()) {
    target->landing = 2;
    longjmp(*reinterpret_cast<jmp_buf*>(target->jump_buffer), 1);
  }
  Ring3SehEnterHandler(target);
}

[[noreturn]] void Continue(DispatchRecord* record) {
  ring3_seh_top = record->saved_top;
  ring3_seh_record = record->outer;
  if (record->xstate != nullptr) {
    // The filter may have edited the part that CONTEXT shows.
    memcpy(record->xstate, &record->context.FltSave,
           sizeof(record->context.FltSave) - sizeof(record->context.FltSave.Reserved4));
    auto* header =
        reinterpret_cast<uint64_t*>(static_cast<std::byte*>(record->xstate) + sizeof(XSAVE_FORMAT));
    header[0] |= XSTATE_MASK_LEGACY;
  }
  Ring3SehResume(&record->context, record->xstate);
}

[[noreturn]] void Unhandled(DispatchRecord* record) {
  ring3_seh_top = nullptr;
  CallUnhandledExceptionHook(&record->pointers);
  if (record->from_fault) {
    ring3_seh_top = record->saved_top;
    PassFaultThrough(record->context.Rip);
    Continue(record);
  }
  os::RawOutput("ring3: unhandled exception 0x");
  os::RawOutputHex(static_cast<uint32_t>(record->record.ExceptionCode), 8);
  os::RawOutput(" raised at 0x");
  os::RawOutputHex(reinterpret_cast<uintptr_t>(record->record.ExceptionAddress), 16);
  os::RawOutput("\n");
  abort();
}

}  // namespace

void SetUnwindHook(UnwindHook hook) {
  g_unwind_hook.store(hook, std::memory_order_release);
}

extern "C" {

thread_local constinit SehFrame* ring3_seh_top = nullptr;
thread_local constinit DispatchRecord* ring3_seh_record = nullptr;
thread_local constinit uint8_t ring3_seh_prepared = 0;

void Ring3SehDispatch(DispatchRecord* record) {
  record->outer = ring3_seh_record;
  record->saved_top = ring3_seh_top;
  record->pointers = {&record->record, &record->context};
  ring3_seh_record = record;
  bool again = false;
  do {
    again = false;
    for (SehFrame* frame = record->saved_top; frame != nullptr; frame = frame->previous) {
      if (frame->is_finally != 0) continue;
      int disposition = RunFilter(record, frame);
      if (disposition > 0) Unwind(record, frame);
      if (disposition == 0) continue;
      if ((record->record.ExceptionFlags & EXCEPTION_NONCONTINUABLE) == 0) Continue(record);
      // A filter that insists is not asked a third time.
      again = record->record.ExceptionCode != STATUS_NONCONTINUABLE_EXCEPTION;
      if (!again) continue;
      record->original_record = record->record;
      record->record = {};
      record->record.ExceptionCode = STATUS_NONCONTINUABLE_EXCEPTION;
      record->record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
      record->record.ExceptionRecord = &record->original_record;
      record->record.ExceptionAddress = record->original_record.ExceptionAddress;
      break;
    }
  } while (again);
  Unhandled(record);
}

void Ring3SehRaiseFrom(const EXCEPTION_RECORD* raised, const CONTEXT* context) {
  if (ring3_seh_prepared == 0) Ring3SehPrepareThread();
  uintptr_t level = DispatchStackLevel(context->Rsp);
  if (level == 0) {
    os::RawOutput("ring3: too many nested exceptions\n");
    abort();
  }
  level = (level - sizeof(DispatchRecord)) & ~uintptr_t{63};
  auto* record = new (reinterpret_cast<void*>(level)) DispatchRecord;
  record->record = *raised;
  record->record.ExceptionAddress = reinterpret_cast<PVOID>(context->Rip);
  record->record.ExceptionFlags &= EXCEPTION_NONCONTINUABLE;
  record->record.NumberParameters = std::min<ULONG>(raised->NumberParameters, EXCEPTION_MAXIMUM_PARAMETERS);
  record->context = *context;
  Ring3SehCallOnStack(record, level);
}

void Ring3SehRaiseStatus(int status) {
  EXCEPTION_RECORD record = {};
  record.ExceptionCode = status;
  record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
  Ring3SehRaise(&record);
  __builtin_unreachable();
}

int Ring3SehPrepareThread() {
  os::PrepareThreadForFaults();
  ring3_seh_prepared = UsesJumpBuffers() ? 2 : 1;
  return UsesJumpBuffers() ? 1 : 0;
}

// A scope is left whose frame is not the innermost: frames inside it were jumped over.
void Ring3SehPopOutOfOrder(SehFrame* frame) {
  for (SehFrame* inner = ring3_seh_top; inner != nullptr; inner = inner->previous) {
    if (inner != frame) continue;
    ring3_seh_top = frame->previous;
    return;
  }
}

// The finally body of an unwind was left by return or goto: the exception is forgotten.
void Ring3SehAbandonUnwind(SehFrame* frame) {
  for (DispatchRecord* record = ring3_seh_record; record != nullptr; record = record->outer) {
    if (record->running == frame) {
      ring3_seh_record = record->outer;
      return;
    }
  }
}

void Ring3SehLanded() {
  if (__asan_handle_no_return != nullptr) __asan_handle_no_return();
}

}  // extern "C"

}  // namespace ring3::rtl
