// SPDX-License-Identifier: MIT
#include "os/interposed_memory.h"

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstring>

#include <dlfcn.h>
#include <sys/mman.h>

namespace ring3::os {
namespace {

constexpr size_t kPageBytes = 4096;

MemoryCallHooks g_hooks;
std::atomic<bool> g_hooked{false};

template <typename Function>
Function Next(const char* name, std::atomic<void*>& cached) {
  void* found = cached.load(std::memory_order_relaxed);
  if (found == nullptr) {
    found = dlsym(RTLD_NEXT, name);
    cached.store(found, std::memory_order_relaxed);
  }
  return reinterpret_cast<Function>(found);
}

int NextUnmap(void* address, size_t byte_count) {
  static std::atomic<void*> cached{nullptr};
  return Next<int (*)(void*, size_t)>("munmap", cached)(address, byte_count);
}

int NextAdvise(void* address, size_t byte_count, int advice) {
  static std::atomic<void*> cached{nullptr};
  return Next<int (*)(void*, size_t, int)>("madvise", cached)(address, byte_count, advice);
}

void* NextRemap(void* address, size_t old_byte_count, size_t byte_count, int flags, void* new_address) {
  static std::atomic<void*> cached{nullptr};
  return Next<void* (*)(void*, size_t, size_t, int, void*)>("mremap", cached)(address, old_byte_count,
                                                                              byte_count, flags, new_address);
}

bool IsHooked() {
  return g_hooked.load(std::memory_order_acquire);
}

bool IsPageAligned(const void* address) {
  return reinterpret_cast<uintptr_t>(address) % kPageBytes == 0;
}

bool IsUserRange(const void* address, size_t byte_count) {
  constexpr uintptr_t kEnd = uintptr_t{1} << 47;
  const auto start = reinterpret_cast<uintptr_t>(address);
  return byte_count != 0 && start < kEnd && byte_count < kEnd - start;
}

size_t RoundUp(size_t byte_count) {
  return (byte_count + kPageBytes - 1) & ~(kPageBytes - 1);
}

// False: pages are locked, `call` was not made.
template <typename Call>
bool RunUnlessLocked(void* address, size_t byte_count, Call call) {
  return g_hooks.run_unless_locked(
             address, byte_count, [](void* context) { (*static_cast<Call*>(context))(); }, &call) != 0;
}

// Whether the page at `address` is adopted, and how much of the range is like it.
bool IsAdopted(void* address, size_t* byte_count) {
  return g_hooks.is_adopted != nullptr && g_hooks.is_adopted(address, byte_count) != 0;
}

bool IsAnyAdopted(char* address, size_t byte_count) {
  while (byte_count != 0) {
    size_t alike = byte_count;
    if (IsAdopted(address, &alike)) return true;
    address += alike;
    byte_count -= alike;
  }
  return false;
}

// Takes pages away, adopted ones in the way that makes them read as zeros.
int Discard(char* address, size_t byte_count, int advice) {
  int result = 0;
  while (byte_count != 0 && result == 0) {
    size_t alike = byte_count;
    const bool adopted = IsAdopted(address, &alike);
    result = NextAdvise(address, alike, adopted ? MADV_REMOVE : advice);
    address += alike;
    byte_count -= alike;
  }
  return result;
}

bool TakesPagesAway(int advice) {
  return advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE;
}

// Locked pages stay where they are: the application gets a copy of its own, and the old place goes when it
// can.
void* MoveLocked(void* address, size_t old_byte_count, size_t byte_count) {
  void* const moved =
      mmap(nullptr, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (moved == MAP_FAILED) return MAP_FAILED;
  std::memcpy(moved, address, old_byte_count < byte_count ? old_byte_count : byte_count);
  g_hooks.unmap(address, RoundUp(old_byte_count));
  return moved;
}

void* Remap(void* address, size_t old_byte_count, size_t byte_count, int flags, void* new_address) {
  if (!IsHooked() || !IsPageAligned(address) || byte_count == 0 || old_byte_count == 0) {
    return NextRemap(address, old_byte_count, byte_count, flags, new_address);
  }
  void* result = MAP_FAILED;
  const bool adopted =
      byte_count > old_byte_count && IsAnyAdopted(static_cast<char*>(address), RoundUp(old_byte_count));
  if (!adopted && RunUnlessLocked(address, RoundUp(old_byte_count), [&] {
        result = NextRemap(address, old_byte_count, byte_count, flags, new_address);
      })) {
    return result;
  }
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0) {
    errno = EINVAL;
    return MAP_FAILED;
  }
  if (byte_count <= old_byte_count) {
    const size_t kept = RoundUp(byte_count);
    if (kept < RoundUp(old_byte_count)) {
      g_hooks.unmap(static_cast<char*>(address) + kept, RoundUp(old_byte_count) - kept);
    }
    return address;
  }
  if (!adopted) result = NextRemap(address, old_byte_count, byte_count, 0, nullptr);  // in place
  if (adopted && (flags & MREMAP_MAYMOVE) == 0) errno = ENOMEM;
  if (result != MAP_FAILED || (flags & MREMAP_MAYMOVE) == 0) return result;
  return MoveLocked(address, old_byte_count, byte_count);
}

}  // namespace

void InterposeMemoryCalls(const MemoryCallHooks& hooks) {
  if (IsHooked()) return;
  g_hooks = hooks;
  g_hooked.store(true, std::memory_order_release);
}

}  // namespace ring3::os

#define RING3_INTERPOSED __attribute__((visibility("default")))

extern "C" {

RING3_INTERPOSED int munmap(void* address, size_t byte_count) noexcept {
  using namespace ring3::os;
  // What is wrong with other arguments, libc says.
  if (!IsHooked() || !IsPageAligned(address) || !IsUserRange(address, byte_count))
    return NextUnmap(address, byte_count);
  g_hooks.unmap(address, RoundUp(byte_count));
  return 0;
}

// EINVAL for locked pages, as for mlock's.
RING3_INTERPOSED int madvise(void* address, size_t byte_count, int advice) noexcept {
  using namespace ring3::os;
  if (!IsHooked() || !TakesPagesAway(advice) || !IsPageAligned(address))
    return NextAdvise(address, byte_count, advice);
  int result = -1;
  if (!RunUnlessLocked(address, byte_count,
                       [&] { result = Discard(static_cast<char*>(address), byte_count, advice); }))
    errno = EINVAL;
  return result;
}

RING3_INTERPOSED void* mremap(void* address, size_t old_byte_count, size_t byte_count, int flags,
                              ...) noexcept {
  void* new_address = nullptr;
  if ((flags & MREMAP_FIXED) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    new_address = va_arg(arguments, void*);
    va_end(arguments);
  }
  return ring3::os::Remap(address, old_byte_count, byte_count, flags, new_address);
}

}  // extern "C"
