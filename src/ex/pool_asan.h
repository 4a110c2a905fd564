// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// Present when any part of the process is built with AddressSanitizer; weak, so that a driver built with it
// gets its reports from an executive that is not.
extern "C" {
__attribute__((weak)) void __asan_poison_memory_region(const volatile void* address, size_t byte_count);
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void* address, size_t byte_count);
}

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
