// SPDX-License-Identifier: MIT
#include "rtl/seh_saved_stack.h"

#include "os/guarded_copy.h"
#include "os/raw_memory.h"

extern "C" __attribute__((weak)) void __asan_get_shadow_mapping(size_t* scale, size_t* offset);

namespace ring3::rtl {
namespace {

// Two addresses further apart than this are on two stacks.
constexpr size_t kLargestStackBytes = size_t{1} << 30;
constexpr size_t kPageBytes = 4096;
constexpr uintptr_t kLargestShadowGranule = 128;

struct Shadow {
  std::byte* bytes = nullptr;
  size_t byte_count = 0;
};

Shadow ShadowOf(uintptr_t low, uintptr_t high) {
  if (__asan_get_shadow_mapping == nullptr) return {};
  size_t scale = 0;
  size_t offset = 0;
  __asan_get_shadow_mapping(&scale, &offset);
  return {reinterpret_cast<std::byte*>((low >> scale) + offset), (high >> scale) - (low >> scale)};
}

bool OnOneStack(uintptr_t low, uintptr_t high) {
  return low < high && high - low < kLargestStackBytes;
}

}  // namespace

void SaveStack(SavedStack& saved, uintptr_t low, uintptr_t high, std::byte* small) {
  saved = {};
  low &= ~(kLargestShadowGranule - 1);
  if (!OnOneStack(low, high)) return;
  size_t shadow_bytes = ShadowOf(low, high).byte_count;
  size_t room = high - low + shadow_bytes;
  std::byte* buffer = small;
  if (room > kSmallSaveBytes) {
    buffer = static_cast<std::byte*>(os::RawMap(room));
    if (buffer == nullptr) return;
    saved.mapped = true;
  }
  saved.bytes = buffer;
  uintptr_t fault_address = 0;
  // A stack pointer that has run into the guard page: what is above it is what there is.
  for (int attempt = 0; !os::GuardedCopy(buffer, reinterpret_cast<void*>(low), high - low, &fault_address);
       ++attempt) {
    low = (fault_address + kPageBytes) & ~(kPageBytes - 1);
    if (attempt == 2 || low >= high) {
      if (saved.mapped) os::RawUnmap(buffer, room);
      saved = {};
      return;
    }
  }
  saved.low = low;
  saved.byte_count = high - low;
  Shadow shadow = ShadowOf(low, high);
  if (shadow.byte_count == 0) return;
  saved.shadow = buffer + saved.byte_count;
  os::RawCopy(saved.shadow, shadow.bytes, shadow.byte_count);
  os::RawFill(shadow.bytes, 0, shadow.byte_count);
}

void RestoreStack(SavedStack& saved) {
  if (saved.byte_count == 0) return;
  uintptr_t high = saved.low + saved.byte_count;
  os::RawCopy(reinterpret_cast<void*>(saved.low), saved.bytes, saved.byte_count);
  Shadow shadow = ShadowOf(saved.low, high);
  if (saved.shadow != nullptr) os::RawCopy(shadow.bytes, saved.shadow, shadow.byte_count);
  if (saved.mapped) os::RawUnmap(saved.bytes, saved.byte_count + shadow.byte_count);
  saved = {};
}

void ForgetPoison(uintptr_t low, uintptr_t high) {
  low &= ~(kLargestShadowGranule - 1);
  if (!OnOneStack(low, high)) return;
  Shadow shadow = ShadowOf(low, high);
  if (shadow.byte_count != 0) os::RawFill(shadow.bytes, 0, shadow.byte_count);
}

}  // namespace ring3::rtl
