// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

// Access to memory that may not be there. A fault inside is no fault: the routine returns false, the bytes
// before the faulting one may have been transferred. Nothing here is intercepted or instrumented by a
// sanitizer. May block only where touching the memory does (a lazily filled page).
namespace ring3::os {

// Copies `byte_count` bytes, from low to high addresses. False when either side faults; `*fault_address` then
// says where.
__attribute__((visibility("default"))) bool GuardedCopy(void* destination, const void* source,
                                                        size_t byte_count,
                                                        uintptr_t* fault_address = nullptr);
__attribute__((visibility("default"))) bool GuardedFill(void* destination, uint8_t value, size_t byte_count,
                                                        uintptr_t* fault_address = nullptr);
// Reads one byte.
__attribute__((visibility("default"))) bool GuardedReadByte(const volatile void* address,
                                                            uint8_t* value = nullptr);
// Whether the byte is writable, found out without changing it: the write is an atomic OR with zero.
__attribute__((visibility("default"))) bool GuardedProbeWriteByte(volatile void* address);

}  // namespace ring3::os
