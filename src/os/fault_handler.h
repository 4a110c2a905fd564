// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

struct _EXCEPTION_POINTERS;

// Hardware faults of this process: SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGTRAP (int3). A fault is offered, in
// this order, to
//   1. the memory hooks: memory that is filled, or made writable, when it is first touched;
//   2. the guarded copies (os/guarded_copy.h);
//   3. structured exceptions: the thread's __try frames, then the unhandled-exception hook;
//   4. whoever had the signal before (a sanitizer's report, a debugger, the default action), at the faulting
//   instruction.
// Steps 1 and 2 run in the signal handler, on the thread's alternate stack; step 3 runs on the thread's
// dispatch stack with no signal handler active, so that it may call anything that the interrupted code could
// have called.
namespace ring3::os {

struct MemoryFault {
  uintptr_t address;
  uintptr_t pc;
  bool write;
  bool execute;
  bool bus_error;  // SIGBUS: a page of a file that is not there
};

// True when the access may be tried again. Async-signal-safe; may block on memory or a futex that the
// interrupted code cannot hold.
using MemoryFaultHook = bool (*)(const MemoryFault& fault);

// The last resort for an exception that no frame took, called on the dispatch stack (or on the raiser's own)
// with the faulting frames intact. Does not return when the thread is in kernel mode (bug check); returning
// means "not mine".
using UnhandledExceptionHook = void (*)(_EXCEPTION_POINTERS* exception);

// Whether a fault of this thread outside any __try belongs to the executive. Async-signal-safe.
using KernelModeQuery = bool (*)();

#define RING3_OS_EXPORT __attribute__((visibility("default")))

// Installs the signal handlers; counted, so that the executive and an application's library can both ask for
// them.
RING3_OS_EXPORT void InstallFaultHandlers();
// Undoes one InstallFaultHandlers; with the last one, the previous actions are back.
RING3_OS_EXPORT void RemoveFaultHandlers();

// At most 8 hooks; false when there are too many.
RING3_OS_EXPORT bool AddMemoryFaultHook(MemoryFaultHook hook);
RING3_OS_EXPORT void RemoveMemoryFaultHook(MemoryFaultHook hook);
RING3_OS_EXPORT void SetUnhandledExceptionHook(UnhandledExceptionHook hook);
RING3_OS_EXPORT void SetKernelModeQuery(KernelModeQuery query);

// Gives the calling thread its alternate signal stack and dispatch stack, so that even a stack overflow can
// be reported. Done on first use by Ring3SehEnter; threads that enter the executive call it once. Freed when
// the thread ends.
RING3_OS_EXPORT void PrepareThreadForFaults();

// The calling thread's own stack, as it is known to the kernel (null when PrepareThreadForFaults was not
// called).
struct StackBounds {
  uintptr_t low;
  uintptr_t high;
};
RING3_OS_EXPORT StackBounds CurrentStackBounds();

}  // namespace ring3::os
