// SPDX-License-Identifier: MIT
// Where DbgPrint goes.
#pragma once

#include <cstddef>

namespace ring3::rtl {

// Gets each message that passes the component filter, at any IRQL and from any thread, also at the same time.
// `text` is not terminated.
using DebugOutput = void (*)(const char* text, size_t count);

// Null: standard error when the executive was booted verbose, nowhere otherwise.
void SetDebugOutput(DebugOutput output);

// Writes to standard error whatever the options say: for assertions.
void WriteAlways(const char* text, size_t count);

bool DebuggerIsAttached();

}  // namespace ring3::rtl
