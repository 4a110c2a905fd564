// SPDX-License-Identifier: MIT
#pragma once

#include "ps/thread.h"

namespace ring3::ps {

// Starts `routine` on a thread of its own. The thread keeps itself until it ends; the result is referenced
// for the caller.
Result<PETHREAD> StartSystemThread(PEPROCESS process, PKSTART_ROUTINE routine, void* context);
// The start routine of a system thread that runs and was started in the range; null when there is none.
const void* FindSystemThreadIn(const void* start, size_t byte_count);
// Returns when system threads that have ended have left their stacks, and with them the drivers' code.
void WaitForEndedThreads();
// Ends the calling system thread.
[[noreturn]] void ExitSystemThread(NTSTATUS exit_status);

}  // namespace ring3::ps
