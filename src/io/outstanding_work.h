// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "os/futex.h"

namespace ring3::io {

// Counts what has been handed to worker threads, for those who must not go on before it is over.
class OutstandingWork {
 public:
  void Begin() { count_.fetch_add(1, std::memory_order_relaxed); }
  // The last thing that the work does.
  void End() {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) os::FutexWakeAll(count_);
  }
  // PASSIVE_LEVEL, without locks.
  void WaitForNone() {
    while (uint32_t count = count_.load(std::memory_order_acquire)) os::FutexWait(count_, count);
  }

 private:
  std::atomic<uint32_t> count_{0};
};

}  // namespace ring3::io
