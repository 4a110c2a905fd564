// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "mm/poison.h"

namespace ring3::ex {

inline bool AsanPresent() {
  return &__asan_poison_memory_region != nullptr;
}
inline void Poison(const void* address, size_t byte_count) {
  if (AsanPresent()) __asan_poison_memory_region(address, byte_count);
}
inline void Unpoison(const void* address, size_t byte_count) {
  if (AsanPresent()) __asan_unpoison_memory_region(address, byte_count);
}

}  // namespace ring3::ex
