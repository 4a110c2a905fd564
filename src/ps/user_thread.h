// SPDX-License-Identifier: MIT
#pragma once

#include "ps/thread.h"

namespace ring3::ps {

enum class StartState : uint8_t { kRunning, kSuspended };

struct UserThreadOptions {
  // Called as application code, outside the executive; what it returns is the exit status.
  ULONG (*start_routine)(void* argument) = nullptr;
  void* argument = nullptr;
  size_t stack_byte_count = 0;  // 0: the system's default
  StartState start = StartState::kRunning;
};
// A new thread of an application's process. Referenced. STATUS_PROCESS_IS_TERMINATING,
// STATUS_INSUFFICIENT_RESOURCES.
Result<PETHREAD> CreateUserThread(PEPROCESS process, const UserThreadOptions& options);

// Ends a thread object whose Linux thread will not come, and gives up the reference that was the thread's
// own.
void AbandonUserThread(PETHREAD thread, NTSTATUS exit_status);

// Blocks until the calling thread has been resumed, if it was created suspended.
void WaitUntilResumed();

// Lets a suspended thread start; its suspend count before (0: it was running).
ULONG ResumeUserThread(PETHREAD thread);

// Ends the calling application thread: rundown, then the Linux thread. Of a remote process: marks it as about
// to end and returns; the host thread runs it down when the service has been answered.
void ExitUserThread(NTSTATUS exit_status);

// The application's threads other than the caller's are to do nothing more: their requests are cancelled and
// their waits ended until none of them is in the executive. The doors are closed (ke/door.h): those which run
// application code do not come in any more.
void StopUserThreads(PEPROCESS process);

}  // namespace ring3::ps
