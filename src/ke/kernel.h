// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>

#include "ke/dpc_queue.h"
#include "ke/processor.h"
#include "ke/timer_queue.h"

namespace ring3::ke {

// What the kernel has while the executive is up, apart from what lives in the objects and threads themselves.
struct Kernel {
  DpcQueues dpcs{ProcessorCount()};
  TimerQueue timers{dpcs};
  // By ExAllocateTimer, not deleted yet.
  std::atomic<int> allocated_timers{0};
  bool stopped = false;
};

extern std::unique_ptr<Kernel> g_kernel;

}  // namespace ring3::ke
