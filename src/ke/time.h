// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <ntdef.h>

#include "os/clock.h"

namespace ring3::ke {

inline constexpr ULONG kTimeIncrement100ns = 156'250;  // a tick of the system clock, 15.625 ms
inline constexpr LONGLONG kPerformanceFrequency = 10'000'000;

// Time since the system started, in 100 ns units. Sleep of the machine does not count: what Linux' monotonic
// clock has.
inline LONGLONG InterruptTime100ns() {
  return os::MonotonicNs() / 100;
}

}  // namespace ring3::ke
