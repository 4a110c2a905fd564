// SPDX-License-Identifier: MIT
// Buffers of strings that Rtl routines allocate for their callers.
#pragma once

#include <ntdef.h>

#include <cstddef>

namespace ring3::rtl {

// Paged pool with the tag of strings, null for want of memory. PASSIVE_LEVEL.
void* AllocateString(size_t byte_count);
// For any pool block: callers may free strings whose buffer they allocated themselves.
void FreeString(void* buffer);

}  // namespace ring3::rtl
