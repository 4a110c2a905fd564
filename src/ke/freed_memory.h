// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace ring3::ke {

// For a pool that checks: bug check TIMER_OR_DPC_INVALID where a set timer, or a queued DPC, lies in memory
// that is about to be freed. Looks at all of them. No executive lock may be held.
void CheckFreedMemory(const void* start, size_t byte_count);

}  // namespace ring3::ke
