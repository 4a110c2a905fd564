// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/result.h"

namespace ring3::os {

// A Linux thread. Joined explicitly: destroying one that is still joinable is a defect and stops the process.
class Thread {
 public:
  using Body = void (*)(void* argument);

  Thread() = default;
  Thread(Thread&& other) noexcept : handle_(std::exchange(other.handle_, 0)) {}
  Thread& operator=(Thread&& other) noexcept;
  ~Thread();

  // `name`: at most 15 characters are kept. `stack_bytes` 0: the system's default.
  // STATUS_INSUFFICIENT_RESOURCES when there is no memory or no thread to be had.
  static Result<Thread> Create(const char* name, Body body, void* argument, size_t stack_bytes = 0);

  bool joinable() const { return handle_ != 0; }
  // Blocks until the body has returned. Not from the thread itself.
  void Join();
  // Gives up the right to join.
  void Detach();

 private:
  uint64_t handle_ = 0;
};

// What is to be done at the end of each thread that arms it: after the destructors of the thread's C++
// objects, which may still use what it takes away. exit() does not end its thread. Of static duration.
class AtThreadEnd {
 public:
  using Routine = void (*)(void* argument);
  explicit constexpr AtThreadEnd(Routine routine) : routine_(routine) {}

  // For the calling thread; while it ends, for once more. `argument` is not null. Does not block.
  void Arm(void* argument);

 private:
  const Routine routine_;
  std::atomic<int64_t> key_{-1};
};

// The calling thread.
uint32_t CurrentTid();
void SetCurrentThreadName(const char* name);
void YieldThread();
// Makes every other thread of the process pass a full memory barrier: what they stored before is seen after,
// and they see what was stored before. Blocks for some microseconds. Lets a hot path do without a barrier of
// its own.
void BarrierOnAllThreads();
// Never returns: for a thread that may do nothing any more and cannot be ended. Blocks.
[[noreturn]] void ParkForEver();
// Ends the calling thread at once, running thread-local destructors and what is armed for its end, but
// nothing of the frames above.
[[noreturn]] void ExitCurrentThread();

// Processors that this process may run on, at least 1; the number of the current one is below that.
uint32_t ProcessorCount();
uint32_t CurrentProcessor();

// Sets the calling thread's processors; `mask` bit i is the i-th of ProcessorCount(). False when refused.
bool SetCurrentThreadAffinity(uint64_t mask);

}  // namespace ring3::os
