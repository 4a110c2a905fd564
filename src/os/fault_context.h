// SPDX-License-Identifier: MIT
#pragma once

#include <nt_exception.h>

#include <cstddef>
#include <cstdint>

#include "os/fault_handler.h"

// A hardware fault as the signal handler sees it, and its translation to what Windows calls an exception.
// Async-signal-safe.
namespace ring3::os {

struct HardwareFault {
  int signal;
  int code;  // si_code
  MemoryFault memory;
  void* ucontext;
};

HardwareFault DescribeFault(int signal, const void* siginfo, void* ucontext);

// The documented exception code and parameters.
void FillExceptionRecord(const HardwareFault& fault, EXCEPTION_RECORD* record);
// The interrupted registers.
void FillContext(const HardwareFault& fault, CONTEXT* context);
// Bytes of the full vector state, a multiple of 64; 0 when CONTEXT holds all of it.
size_t ExtendedStateBytes(const HardwareFault& fault);
void CopyExtendedState(const HardwareFault& fault, void* destination);

uintptr_t StackPointer(const HardwareFault& fault);
void SetInstructionPointer(const HardwareFault& fault, uintptr_t pc, uintptr_t rax);
// The signal handler's return becomes a call of `entry(argument)` at `stack_pointer`, with a clean floating
// point state.
void ReturnInto(const HardwareFault& fault, void (*entry)(void*), void* argument, uintptr_t stack_pointer);

// Step 3 of the chain (rtl's dispatcher): true when the handler's return has been redirected.
using ExceptionStage = bool (*)(const HardwareFault& fault);
void SetExceptionStage(ExceptionStage stage);
bool InKernelMode();
UnhandledExceptionHook CurrentUnhandledExceptionHook();
// The fault at `pc` goes to the previous action when it comes again on this thread.
void PassThrough(uintptr_t pc);

}  // namespace ring3::os
