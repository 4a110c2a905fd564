// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

namespace ring3 {

// Called before everything that can fail for want of memory or of a system call. A test installs a hook that
// fails each distinct call stack once; in production there is none.
using FaultHook = bool (*)(const char* what);
inline std::atomic<FaultHook> g_fault_hook{nullptr};

inline bool ShouldFail(const char* what) {
  FaultHook hook = g_fault_hook.load(std::memory_order_relaxed);
  return hook != nullptr && hook(what);
}

}  // namespace ring3
