// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

namespace ring3::ke {

// A counter that one thread changes and others look at: no read-modify-write is needed. Who sees a value sees
// what the thread did before it as well.
class OwnedCounter {
 public:
  constexpr OwnedCounter(uint32_t value = 0) : value_(value) {}  // NOLINT(google-explicit-constructor)
  OwnedCounter& operator=(uint32_t value) {
    value_.store(value, std::memory_order_release);
    return *this;
  }
  OwnedCounter& operator++() { return *this = *this + 1; }
  OwnedCounter& operator--() { return *this = *this - 1; }
  operator uint32_t() const {
    return value_.load(std::memory_order_acquire);
  }  // NOLINT(google-explicit-constructor)

 private:
  std::atomic<uint32_t> value_;
};

}  // namespace ring3::ke
