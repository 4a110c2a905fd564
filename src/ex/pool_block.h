// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/ex.h>

#include <cstdint>
#include <cstring>

// Headers and red zones are poisoned for drivers built with AddressSanitizer; the pool itself may touch them.
#define RING3_POOL_TOUCHES_REDZONES __attribute__((no_sanitize("address")))
// The same, inlined wherever it is called unless that would bring instrumentation in.
#if __has_feature(address_sanitizer)
#define RING3_POOL_FAST RING3_POOL_TOUCHES_REDZONES
#else
#define RING3_POOL_FAST __attribute__((always_inline)) inline
#endif

namespace ring3::ex {

inline constexpr size_t kPageSize = 4096;

// Which pool a block belongs to; part of what a tag is accounted under.
enum class PoolKind : uint8_t { kNonPagedExecute = 0, kNonPagedNx = 1, kPaged = 2 };
inline constexpr size_t kPoolKindCount = 3;

// How a request differs from the plain case. Bits.
enum PoolAttribute : uint8_t {
  kPoolCacheAligned = 1 << 2,
  kPoolQuota = 1 << 3,
  kPoolSession = 1 << 4,
};
inline constexpr uint8_t kPoolKindMask = 3;

// A small block:
//
//   | PoolHeader 16 | the caller's bytes | guard 8 | charged process 8, with kPoolQuota | slack to the class
//   size |
//
// The header is directly below the caller's pointer; the block starts there too, except for cache-aligned
// requests.
struct PoolHeader {
  uint32_t tag;
  uint16_t byte_count;  // what the caller asked for
  uint8_t attributes;   // PoolKind and PoolAttribute bits
  uint8_t state;        // kPoolStateAllocated or kPoolStateFree
  // Allocated: a seal over the fields above and the address. Free: the next free block.
  uint64_t seal_or_next;

  void* user() { return this + 1; }
  RING3_POOL_TOUCHES_REDZONES PoolKind kind() const {
    return static_cast<PoolKind>(attributes & kPoolKindMask);
  }
  static PoolHeader* Of(const void* user) { return static_cast<PoolHeader*>(const_cast<void*>(user)) - 1; }
};
static_assert(sizeof(PoolHeader) == 16);

inline constexpr uint8_t kPoolStateAllocated = 0xa5;
inline constexpr uint8_t kPoolStateFree = 0x5f;
inline constexpr uint8_t kPoolStateFresh = 0x3c;  // free, and never allocated
inline constexpr size_t kGuardByteCount = 8;
inline constexpr size_t kBlockOverhead = sizeof(PoolHeader) + kGuardByteCount;
// What fills a freed block in checked mode, so that a use after free is seen.
inline constexpr uint8_t kFreedFill = 0xdd;

// A name of its own: on a type that is only cast to, the alignment would not count.
typedef uint64_t __attribute__((aligned(1), may_alias)) UnalignedWord;
RING3_POOL_TOUCHES_REDZONES inline uint64_t LoadUnaligned(const void* address) {
  return *static_cast<const UnalignedWord*>(address);
}
RING3_POOL_TOUCHES_REDZONES inline void StoreUnaligned(void* address, uint64_t value) {
  *static_cast<UnalignedWord*>(address) = value;
}

inline constexpr uint64_t kPoolCookie = 0x9e3779b97f4a7c15;

// `packed`: the fields above the seal, as they lie in memory.
inline uint64_t SealOf(const PoolHeader* header, uint64_t packed) {
  return packed ^ reinterpret_cast<uint64_t>(header) ^ kPoolCookie;
}
RING3_POOL_TOUCHES_REDZONES inline uint64_t SealOf(const PoolHeader* header) {
  return SealOf(header, LoadUnaligned(header));
}
inline uint64_t GuardOf(const void* user) {
  return reinterpret_cast<uint64_t>(user) * 3 ^ kPoolCookie;
}

// The POOL_TYPE that names a block's pool in a bug check.
constexpr POOL_TYPE PoolTypeOf(uint8_t attributes) {
  const int base = (attributes & kPoolKindMask) == static_cast<int>(PoolKind::kPaged)        ? PagedPool
                   : (attributes & kPoolKindMask) == static_cast<int>(PoolKind::kNonPagedNx) ? NonPagedPoolNx
                                                                                             : NonPagedPool;
  return static_cast<POOL_TYPE>(base + ((attributes & kPoolCacheAligned) != 0 ? 4 : 0) +
                                ((attributes & kPoolSession) != 0 ? 32 : 0));
}

}  // namespace ring3::ex
