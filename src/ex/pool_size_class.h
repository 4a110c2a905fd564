// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ring3::ex {

// Block sizes, header and guard included. Every one packs whole into a page, so that no block crosses one.
inline constexpr std::array<uint16_t, 30> kClassSizes = {
    32,  48,  64,  80,  96,  112, 128, 144, 160, 176, 192, 208,  224,  240,  256,
    272, 288, 304, 336, 368, 400, 448, 512, 576, 672, 816, 1024, 1360, 2048, 4096};
inline constexpr int kSizeClassCount = 30;
inline constexpr size_t kLargestClassSize = kClassSizes[kSizeClassCount - 1];
static_assert(kLargestClassSize == 4096);

inline constexpr auto kClassOfUnits = [] {
  std::array<uint8_t, kLargestClassSize / 16 + 1> table{};
  int size_class = 0;
  for (size_t units = 0; units < table.size(); ++units) {
    while (kClassSizes[size_class] < units * 16) ++size_class;
    table[units] = static_cast<uint8_t>(size_class);
  }
  return table;
}();

// The class of a block of `byte_count` bytes in all; at most kLargestClassSize.
inline int SizeClassOf(size_t byte_count) {
  return kClassOfUnits[(byte_count + 15) / 16];
}
inline size_t ClassSize(int size_class) {
  return kClassSizes[size_class];
}

}  // namespace ring3::ex
