// SPDX-License-Identifier: MIT
// The runtime's side of RING3_SEH_FRAME, and of the state of a thread. The offsets are known to seh_switch.S.
#pragma once

#include <nt_exception.h>
#include <ring3_seh.h>

#include <cstddef>
#include <cstdint>

namespace ring3::rtl {

enum SehState : uint32_t {
  kSehBody = 0,           // on the chain
  kSehFilter = 1,         // on the chain, its filter runs
  kSehHandler = 2,        // its handler runs
  kSehFinallyLocal = 3,   // the finally body runs because the block is left
  kSehFinallyUnwind = 4,  // the finally body runs because a dispatch unwinds
  kSehDone = 5,
};

// What a call preserves, and where it returns to.
struct SehRegisters {
  uint64_t rbx, rbp, r12, r13, r14, r15, rsp, rip;
};

struct SehFrame {
  uint32_t code;
  int32_t abnormal;
  EXCEPTION_POINTERS* info;
  SehFrame* previous;
  uint32_t is_finally;
  SehState state;
  SehRegisters enter;  // Ring3SehEnter's return
  uint32_t mxcsr;
  uint16_t x87_control;
  uint16_t landing;    // what Ring3SehEnter returns after a longjmp to jump_buffer
  SehRegisters leave;  // Ring3SehLeave's return, while the finally body runs for it
  // ThreadSanitizer keeps a stack of its own, which only setjmp and longjmp cut back: with it, handlers and
  // finally bodies of an unwind are entered by longjmp. What _setjmp writes without a signal mask.
  uint64_t jump_buffer[9];
};
static_assert(sizeof(SehFrame) <= sizeof(RING3_SEH_FRAME));
static_assert(offsetof(SehFrame, previous) == 16 && offsetof(SehFrame, state) == 28);
static_assert(offsetof(SehFrame, enter) == 32 && offsetof(SehFrame, mxcsr) == 96 &&
              offsetof(SehFrame, leave) == 104);
static_assert(offsetof(SehFrame, landing) == 102 && offsetof(SehFrame, jump_buffer) == 168);

// A stretch of the faulting stack, put aside while a filter uses the same addresses.
struct SavedStack {
  uintptr_t low = 0;
  size_t byte_count = 0;
  std::byte* bytes = nullptr;
  std::byte* shadow = nullptr;  // AddressSanitizer's
  bool mapped = false;
};

enum class DispatchPhase : uint32_t { kSearch, kFilter, kUnwind };

// One exception under way, on the thread's dispatch stack.
struct DispatchRecord {
  uint64_t switch_rsp = 0;  // of the dispatcher while a filter or finally body runs; first for seh_switch.S
  DispatchRecord* outer = nullptr;
  SehFrame* saved_top = nullptr;  // the chain at the fault
  SehFrame* running = nullptr;    // whose filter or finally body runs
  DispatchPhase phase = DispatchPhase::kSearch;
  bool from_fault = false;
  void* xstate = nullptr;  // the full vector state, 64-byte aligned; null: CONTEXT's part is all
  SavedStack saved;
  EXCEPTION_POINTERS pointers = {};
  EXCEPTION_RECORD record = {};
  EXCEPTION_RECORD original_record = {};
  CONTEXT context = {};
};
static_assert(offsetof(DispatchRecord, switch_rsp) == 0);

extern "C" {
// The head of the thread's chain, and the innermost exception under way. Exported: the executive hides an
// application's frames from a driver's exceptions (seh_barrier.h).
extern thread_local constinit __attribute__((visibility("default"), tls_model("initial-exec")))
SehFrame* ring3_seh_top;
extern thread_local constinit __attribute__((visibility("default"), tls_model("initial-exec")))
DispatchRecord* ring3_seh_record;
// 1: prepared, and Ring3SehEnter has nothing more to do. Otherwise it calls Ring3SehPrepareThread.
extern thread_local constinit __attribute__((tls_model("initial-exec"))) uint8_t ring3_seh_prepared;

// seh_switch.S
int Ring3SehSwitchToFrame(DispatchRecord* record, SehFrame* frame);
// The same through longjmp.
int Ring3SehJumpToFrame(DispatchRecord* record, SehFrame* frame);
[[noreturn]] void Ring3SehEnterHandler(SehFrame* frame);
[[noreturn]] void Ring3SehResume(const CONTEXT* context, const void* xstate);
[[noreturn]] void Ring3SehCallOnStack(DispatchRecord* record, uintptr_t stack_pointer);

// Called by seh_switch.S.
int Ring3SehPrepareThread();  // 1: frames need their jump_buffer
void Ring3SehPopOutOfOrder(SehFrame* frame);
void Ring3SehAbandonUnwind(SehFrame* frame);
void Ring3SehLanded();
[[noreturn]] void Ring3SehRaiseFrom(const EXCEPTION_RECORD* record, const CONTEXT* context);
[[noreturn]] void Ring3SehDispatch(DispatchRecord* record);
}

// Where the next dispatch may put its data: below everything in use on the thread's dispatch stacks, and on
// another one than that which `stack_pointer` is on. 0 when there is none left.
uintptr_t DispatchStackLevel(uintptr_t stack_pointer);

// Called on the dispatch stack before a finally body or a handler of a frame at `stack_pointer` runs:
// everything below is gone.
using UnwindHook = void (*)(uintptr_t stack_pointer);
__attribute__((visibility("default"))) void SetUnwindHook(UnwindHook hook);

// Records that a fault at `pc` is nobody's and goes to the previous action when it comes again.
void PassFaultThrough(uintptr_t pc);
// The hook of os/fault_handler.h; returns when nobody claims the exception.
void CallUnhandledExceptionHook(EXCEPTION_POINTERS* exception);

}  // namespace ring3::rtl
