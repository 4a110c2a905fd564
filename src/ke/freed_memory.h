// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace ring3::ke {

// For a pool that checks: bug check TIMER_OR_DPC_INVALID where a set timer, its DPC, or a queued DPC lies in
// memory that is about to be freed. Looks at all of them. No executive lock may be held.
void CheckFreedMemory(const void* start, size_t byte_count);

// What would run code of an image, or use data of it, later on.
struct PendingWork {
  const char* what = nullptr;     // null: nothing
  const void* object = nullptr;   // the timer or the DPC
  const void* address = nullptr;  // the one in the image: of the object, or of the routine
};
// Set timers and queued DPCs whose objects or routines lie in the image, for the driver that is being
// unloaded. No executive lock may be held.
PendingWork FindPendingWork(const void* image, size_t byte_count);

}  // namespace ring3::ke
