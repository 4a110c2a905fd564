// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace ring3::os {

// [low, high) of the calling thread's own stack. Does not block after the thread's first call, which may read
// a file.
struct StackLimits {
  uintptr_t low = 0;
  uintptr_t high = 0;
};
StackLimits CurrentStackLimits();

}  // namespace ring3::os
