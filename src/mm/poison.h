// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

// Present when any part of the process is built with AddressSanitizer; weak, so that a driver built with it
// gets its reports from an executive that is not.
extern "C" {
__attribute__((weak)) void __asan_poison_memory_region(const volatile void* address, size_t byte_count);
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void* address, size_t byte_count);
}

namespace ring3::mm {

// Under AddressSanitizer, memory that is given back is not to be touched.
inline void Poison(uintptr_t address, size_t byte_count) {
  if (&__asan_poison_memory_region != nullptr)
    __asan_poison_memory_region(reinterpret_cast<void*>(address), byte_count);
}
inline void Unpoison(uintptr_t address, size_t byte_count) {
  if (&__asan_unpoison_memory_region != nullptr)
    __asan_unpoison_memory_region(reinterpret_cast<void*>(address), byte_count);
}

}  // namespace ring3::mm
