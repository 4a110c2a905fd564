// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "os/futex.h"

namespace ring3::mm {

// Keeps mappings of frames as they are while frames move to another memory object. Whoever maps, unmaps or
// protects frames is inside meanwhile (MappingScope); who moves them closes the gate, waits until nobody is
// inside, and opens it again after a millisecond or so. Inside, no memory of frames may be written (pool,
// MDLs): the writer may have to wait for the mover.
class MoveGate {
 public:
  void Enter() {
    for (;;) {
      inside_.fetch_add(1, std::memory_order_seq_cst);
      if (closed_.load(std::memory_order_seq_cst) == 0) return;
      Leave();
      WaitUntilOpen();
    }
  }
  void Leave() {
    if (inside_.fetch_sub(1, std::memory_order_seq_cst) == 1 && closed_.load(std::memory_order_seq_cst) != 0)
      os::FutexWakeAll(inside_);
  }
  // One at a time.
  void Close() {
    closed_.store(1, std::memory_order_seq_cst);
    for (uint32_t inside; (inside = inside_.load(std::memory_order_seq_cst)) != 0;)
      os::FutexWait(inside_, inside);
  }
  void Open() {
    closed_.store(0, std::memory_order_seq_cst);
    os::FutexWakeAll(closed_);
  }
  // Async-signal-safe.
  void WaitUntilOpen() {
    while (closed_.load(std::memory_order_acquire) != 0) os::FutexWait(closed_, 1);
  }

 private:
  std::atomic<uint32_t> inside_{0};
  std::atomic<uint32_t> closed_{0};
};

// While frames stay in the memory objects that they are in. Not to be nested.
class MappingScope {
 public:
  explicit MappingScope(MoveGate& gate) : gate_(gate) { gate_.Enter(); }
  ~MappingScope() { gate_.Leave(); }
  MappingScope(const MappingScope&) = delete;
  MappingScope& operator=(const MappingScope&) = delete;

 private:
  MoveGate& gate_;
};

}  // namespace ring3::mm
