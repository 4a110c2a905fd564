// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// Never block.
namespace ring3::os {

// Nanoseconds on CLOCK_MONOTONIC; what FutexWait's deadlines are in.
int64_t MonotonicNs();

// Nanoseconds on CLOCK_MONOTONIC at the kernel's tick: cheaper, milliseconds coarse.
int64_t CoarseMonotonicNs();

// Windows system time: 100 ns units since 1 January 1601, UTC.
int64_t SystemTime100ns();

// Minutes to add to local time to get UTC, at the moment.
int TimeZoneBiasMinutes();

// Processor time of the calling thread and of the process, in 100 ns units.
int64_t ThreadCpuTime100ns();
int64_t ProcessCpuTime100ns();

}  // namespace ring3::os
