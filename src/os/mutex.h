// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "base/thread_annotations.h"
#include "os/futex.h"

namespace ring3::os {

// A lock that is held across system calls and answers of other processes: who waits for it sleeps. Outside
// the order of spin locks: none may be held when it is taken.
class RING3_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() RING3_ACQUIRE() {
    uint32_t free = kFree;
    if (word_.compare_exchange_strong(free, kHeld, std::memory_order_acquire)) return;
    while (word_.exchange(kAwaited, std::memory_order_acquire) != kFree) FutexWait(word_, kAwaited);
  }
  void Unlock() RING3_RELEASE() {
    if (word_.exchange(kFree, std::memory_order_release) == kAwaited) FutexWakeOne(word_);
  }

 private:
  enum : uint32_t { kFree, kHeld, kAwaited };
  std::atomic<uint32_t> word_{kFree};
};

class RING3_SCOPED_CAPABILITY MutexGuard {
 public:
  explicit MutexGuard(Mutex& mutex) RING3_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexGuard() RING3_RELEASE() { mutex_.Unlock(); }
  MutexGuard(const MutexGuard&) = delete;
  MutexGuard& operator=(const MutexGuard&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace ring3::os
