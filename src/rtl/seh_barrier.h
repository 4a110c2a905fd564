// SPDX-License-Identifier: MIT
#pragma once

#include "rtl/seh_frame.h"

namespace ring3::rtl {

// Hides the frames that the thread has so far: an exception in kernel mode never reaches the __try of the
// application that made the call. Costs two moves each way.
class SehBarrier {
 public:
  SehBarrier() : hidden_(ring3_seh_top) { ring3_seh_top = nullptr; }
  ~SehBarrier() { ring3_seh_top = hidden_; }
  SehBarrier(const SehBarrier&) = delete;
  SehBarrier& operator=(const SehBarrier&) = delete;

 private:
  SehFrame* const hidden_;
};

}  // namespace ring3::rtl
