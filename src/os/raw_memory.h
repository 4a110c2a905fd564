// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// Memory operations that no sanitizer intercepts or instruments; for stacks and shadow memory.
// Async-signal-safe.
namespace ring3::os {

inline void RawCopy(void* destination, const void* source, size_t byte_count) {
  __asm__ volatile("rep movsb" : "+D"(destination), "+S"(source), "+c"(byte_count) : : "memory");
}
inline void RawFill(void* destination, unsigned char value, size_t byte_count) {
  __asm__ volatile("rep stosb" : "+D"(destination), "+c"(byte_count) : "a"(value) : "memory");
}
// Fresh zeroed pages, null when there are none. Takes the kernel's address-space lock only.
void* RawMap(size_t byte_count);
void RawUnmap(void* address, size_t byte_count);

}  // namespace ring3::os
