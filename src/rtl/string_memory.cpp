// SPDX-License-Identifier: MIT
#include "rtl/string_memory.h"

#include <ddi/ex.h>

namespace ring3::rtl {
namespace {
constexpr ULONG kStringTag = 'rtSR';
}

void* AllocateString(size_t byte_count) {
  return ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_UNINITIALIZED, byte_count, kStringTag);
}

void FreeString(void* buffer) {
  ExFreePoolWithTag(buffer, 0);
}

}  // namespace ring3::rtl
