// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define RING3_ASAN 1
#endif
#endif

namespace ring3::mm {

// Under AddressSanitizer, memory that is given back is not to be touched.
#if RING3_ASAN
inline void Poison(uintptr_t address, size_t byte_count) {
  __asan_poison_memory_region(reinterpret_cast<void*>(address), byte_count);
}
inline void Unpoison(uintptr_t address, size_t byte_count) {
  __asan_unpoison_memory_region(reinterpret_cast<void*>(address), byte_count);
}
#else
inline void Poison(uintptr_t, size_t) {}
inline void Unpoison(uintptr_t, size_t) {}
#endif

}  // namespace ring3::mm
