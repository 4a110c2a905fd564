// SPDX-License-Identifier: MIT
#include "os/guarded_copy.h"

extern "C" {
bool ring3_guarded_copy(void* destination, const void* source, size_t byte_count, uintptr_t* fault_address);
bool ring3_guarded_fill(void* destination, int value, size_t byte_count, uintptr_t* fault_address);
bool ring3_guarded_read_byte(const volatile void* address, uint8_t* value);
bool ring3_guarded_probe_write_byte(volatile void* address);
}

namespace ring3::os {

bool GuardedCopy(void* destination, const void* source, size_t byte_count, uintptr_t* fault_address) {
  return ring3_guarded_copy(destination, source, byte_count, fault_address);
}

bool GuardedFill(void* destination, uint8_t value, size_t byte_count, uintptr_t* fault_address) {
  return ring3_guarded_fill(destination, value, byte_count, fault_address);
}

bool GuardedReadByte(const volatile void* address, uint8_t* value) {
  uint8_t ignored;
  return ring3_guarded_read_byte(address, value != nullptr ? value : &ignored);
}

bool GuardedProbeWriteByte(volatile void* address) {
  return ring3_guarded_probe_write_byte(address);
}

}  // namespace ring3::os
