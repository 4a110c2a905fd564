// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

#include <atomic>

namespace ring3::ex {

// The time between ticks that drivers asked for, in 100 ns units: the shortest request holds until all are taken back.
class TimerResolution {
 public:
  static constexpr ULONG kLongest = 156250;
  static constexpr ULONG kShortest = 5000;

  ULONG Request(ULONG desired);
  ULONG Restore();
  ULONG current() const { return current_.load(std::memory_order_relaxed); }
  void Reset() {
    current_.store(kLongest, std::memory_order_relaxed);
    requests_.store(0, std::memory_order_relaxed);
  }

 private:
  std::atomic<ULONG> current_{kLongest};
  std::atomic<ULONG> requests_{0};
};

extern TimerResolution g_timer_resolution;

}  // namespace ring3::ex
