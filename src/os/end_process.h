// SPDX-License-Identifier: MIT
#pragma once

// The ways in which a bug check ends the process.
namespace ring3::os {

// At once, running nothing.
[[noreturn]] void EndProcess(int exit_status);
// Flushes standard output, coverage counters and profiles first. May block on stdio's locks.
[[noreturn]] void FlushAndEndProcess(int exit_status);
// Ends the process after `seconds` unless it has ended before, whatever its threads hold or wait for.
void EndProcessAfter(unsigned seconds, int exit_status);
// Blocks the calling thread for good.
[[noreturn]] void SleepForever();

}  // namespace ring3::os
