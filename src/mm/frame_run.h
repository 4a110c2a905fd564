// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "mm/layout.h"

namespace ring3::mm {

struct FrameRun {
  Pfn first;
  uint64_t count;
};

}  // namespace ring3::mm
