// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include "base/fault_injection.h"

namespace ring3::mm {

// As long as it lives, the n-th thing that can fail, from zero, does.
class FailNth {
 public:
  explicit FailNth(int n) {
    s_left = n;
    g_fault_hook = [](const char*) { return s_left.fetch_sub(1) == 0; };
  }
  ~FailNth() { g_fault_hook = nullptr; }
  FailNth(const FailNth&) = delete;
  FailNth& operator=(const FailNth&) = delete;

 private:
  static inline std::atomic<int> s_left;
};

}  // namespace ring3::mm
