// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

namespace ring3 {

// Called when the executive finds itself at fault; does not return. ke sets it to a bug check, with report
// and stack. Null: a line on standard error and abort().
using PanicHandler = void (*)(const char* text);
inline std::atomic<PanicHandler> g_panic_handler{nullptr};

[[noreturn]] void Panic(const char* text);

// For a thread that will never release the SpinLocks it holds: their order is not checked against those any
// more.
void ForgetHeldLocks();

}  // namespace ring3

// What must hold inside the executive, whatever drivers and applications do; checked in every build.
#define RING3_CHECK_TEXT(line) #line
#define RING3_CHECK_LINE(line) RING3_CHECK_TEXT(line)
#define RING3_CHECK(condition)                                                                  \
  (__builtin_expect(!!(condition), true) ? (void)0                                              \
                                         : ::ring3::Panic("executive check failed: " #condition \
                                                          " at " __FILE__ ":" RING3_CHECK_LINE(__LINE__)))
