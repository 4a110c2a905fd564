// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace ring3::os {

// Interrupts another thread of this process wherever it is, to have a routine run in it: by a signal, so that
// the routine must be async-signal-safe and the interrupted code may hold any lock. System calls go on
// afterwards. Under ThreadSanitizer it runs at the thread's next system call only.
using HoldRoutine = void (*)();
// Null: signals that are still under way do nothing.
void SetHoldRoutine(HoldRoutine routine);
// Does not wait for it. A thread that has ended is none to hold.
void HoldThread(int os_thread_id);

}  // namespace ring3::os
