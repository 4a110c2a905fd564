// SPDX-License-Identifier: MIT
#pragma once

#include "ps/thread.h"

namespace ring3::ps {

// Starts `routine` on a thread of its own. The thread keeps itself until it ends; the result is referenced for the caller.
Result<PETHREAD> StartSystemThread(PEPROCESS process, PKSTART_ROUTINE routine, void* context);
// Ends the calling system thread.
[[noreturn]] void ExitSystemThread(NTSTATUS exit_status);

}  // namespace ring3::ps
