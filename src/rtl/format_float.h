// SPDX-License-Identifier: MIT
// Exact decimal digits of a double.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ring3::format {

// The value is 0.d1d2d3... * 10^point. All digits are exact; trailing zeros are not kept.
struct DecimalDigits {
  char digit[800];  // '0'..'9'; the longest double has 767
  int count = 0;    // 0 for zero
  int point = 0;

  // `value` is finite and not negative.
  explicit DecimalDigits(double value);

  // Keeps `keep` digits (may be negative), rounding half to even.
  void RoundTo(int keep);
};

}  // namespace ring3::format
