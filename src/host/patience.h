// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "os/clock.h"
#include "os/peer_process.h"

namespace ring3::host {

// How long the host waits for an application's library to answer before it takes the application for dead.
// The time in which it is stopped, in a debugger or by Ctrl-Z, does not count.
class Patience {
 public:
  explicit Patience(const os::PeerProcess& peer) : peer_(peer) {}

  // When to look again.
  int64_t next_look() const { return std::min(deadline_, os::MonotonicNs() + kLookNs); }
  // At that time.
  bool IsOver() {
    const int64_t now = os::MonotonicNs();
    if (peer_.IsStopped()) deadline_ = now + kMostNs;
    return now >= deadline_;
  }

 private:
  static constexpr int64_t kMostNs = 10'000'000'000;
  static constexpr int64_t kLookNs = 1'000'000'000;

  const os::PeerProcess& peer_;
  int64_t deadline_ = os::MonotonicNs() + kMostNs;
};

}  // namespace ring3::host
