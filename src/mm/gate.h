// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "os/futex.h"

namespace ring3::mm {

// Who is inside keeps something as it is. It is closed, for good or for a while, by who waits until nobody is
// inside. Whoever has left touches it no more.
class Gate {
 public:
  // False: it is closed.
  bool TryEnter() {
    if ((word_.fetch_add(1, std::memory_order_seq_cst) & kClosed) == 0) return true;
    Leave();
    return false;
  }
  void Leave() {
    if (word_.fetch_sub(1, std::memory_order_seq_cst) == kClosed + 1) os::FutexWakeAll(word_);
  }
  void Close() {
    word_.fetch_or(kClosed, std::memory_order_seq_cst);
    for (uint32_t word; (word = word_.load(std::memory_order_seq_cst)) != kClosed;)
      os::FutexWait(word_, word);
  }
  void Open() {
    word_.fetch_and(~kClosed, std::memory_order_seq_cst);
    os::FutexWakeAll(word_);
  }
  // Async-signal-safe.
  void WaitUntilOpen() {
    for (uint32_t word; ((word = word_.load(std::memory_order_acquire)) & kClosed) != 0;)
      os::FutexWait(word_, word);
  }

 private:
  static constexpr uint32_t kClosed = 1u << 31;
  std::atomic<uint32_t> word_{0};  // who is inside, and kClosed
};

}  // namespace ring3::mm
