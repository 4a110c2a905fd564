// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// Standard error without buffers, locks or allocation. May block on the descriptor. Async-signal-safe.
namespace ring3::os {

__attribute__((visibility("default"))) void RawOutput(const char* text);
// The last `digits` hexadecimal digits (at most 16).
__attribute__((visibility("default"))) void RawOutputHex(uint64_t value, int digits);

}  // namespace ring3::os
