// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// The application's munmap, mremap and madvise: pages that a driver has locked stay, and memory that became
// shared (os/adoption.h) still behaves as private memory. In libring3-win32.so, found by the dynamic linker
// before libc's and, in a program with a sanitizer, by the sanitizer's own, which come first.
namespace ring3::os {

struct MemoryCallHooks {
  // Unmaps whole pages, now or once they are unlocked.
  void (*unmap)(void* address, size_t byte_count);
  // Runs `take` and returns non-zero; zero: pages of the range are locked.
  int (*run_unless_locked)(void* address, size_t byte_count, void (*take)(void* context), void* context);
  // Whether the page at `address` is adopted: it must not grow in place, which would show other memory, and
  // reads as zeros only when it is removed. `*byte_count` is cut to what is alike from there on. Null: no
  // memory is.
  int (*is_adopted)(void* address, size_t* byte_count);
};

// Once. Until then the calls are libc's. Both hooks stay callable until the process ends, from any thread.
void InterposeMemoryCalls(const MemoryCallHooks& hooks);

}  // namespace ring3::os
