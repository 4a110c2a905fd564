// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace ring3::os {

inline constexpr int kDispatchStackCount = 4;
inline constexpr size_t kDispatchStackBytes = 512 * 1024;

// The stacks on which the calling thread's exceptions are dispatched. A further one is made when an exception
// happens while the dispatcher, or what it calls, runs.
struct DispatchStack {
  uintptr_t low = 0;
  uintptr_t high = 0;
  bool Contains(uintptr_t address) const { return address >= low && address < high; }
};

// Stack `index` (< kDispatchStackCount), made when it is not there yet; low is 0 when there is no memory.
// Async-signal-safe.
DispatchStack& DispatchStackAt(int index);

}  // namespace ring3::os
