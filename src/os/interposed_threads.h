// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

// The stacks of the threads that the application makes, known because pthread_create is replaced. In
// libring3-win32.so.
namespace ring3::os {

struct StackRange {
  uintptr_t low;
  uintptr_t high;
};

// The calling thread's.
StackRange StackOfThisThread();

// Whether [start, +byte_count) touches a stack of a living thread, the main thread's included, which grows
// downwards.
bool IsInAnyStack(uintptr_t start, size_t byte_count);

}  // namespace ring3::os
