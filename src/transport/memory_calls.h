// SPDX-License-Identifier: MIT
#pragma once

#include "os/descriptor.h"
#include "os/memory.h"

namespace ring3::transport {

// The process' memory object (object 1 of the host's): memory that is mapped from it was private memory once,
// and is to behave so. Replaces munmap, mremap and madvise from here on. Once.
void WatchMemoryCalls(const os::Descriptor& own_memory);

// In a forked child, which has copies of its own from here on.
void ForgetMemoryCalls();

}  // namespace ring3::transport
