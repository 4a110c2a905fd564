// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "ex/pool_block.h"

#include <atomic>

namespace ring3::ex {

// What a page of system memory is to the pool. Values below kSizeClassCount: small blocks of that class.
enum PageUse : uint8_t {
  kPageNotPool = 0xff,
  kPageLarge = 0xfe,  // the first page of a large block
  kPageLargeInterior = 0xfd,
  kPageLargeFreed = 0xfc,  // was the first page of a large block, and nothing since
  kPageSpecial = 0xfb,     // holds a special pool block
  kPageSpecialFreed = 0xfa,
  kPageSpecialGuard = 0xf9,
};

// What is known of a large block; one for each page number, meaningful for first pages.
struct LargeBlock {
  uint64_t byte_count;
  uint32_t tag;
  uint32_t page_count;
  struct _KPROCESS* charged;  // with kPoolQuota
  uint8_t attributes;
  uint8_t reserved[7];
};
static_assert(sizeof(LargeBlock) == 32);

// Finds from an address what kind of pool page it lies in, without a lock. Covers simulated RAM; sparse.
class PoolPageMap {
 public:
  // `base` and `byte_count`: the range of addresses that pages for the pool come from.
  Status Initialize(uintptr_t base, size_t byte_count);
  void Shutdown();

  bool Covers(const void* address) const {
    return reinterpret_cast<uintptr_t>(address) - base_ < byte_count_;
  }
  size_t IndexOf(const void* address) const {
    return (reinterpret_cast<uintptr_t>(address) - base_) / kPageSize;
  }
  void* AddressOf(size_t index) const { return reinterpret_cast<void*>(base_ + index * kPageSize); }
  size_t page_count() const { return byte_count_ / kPageSize; }

  // Stored inverted, so that untouched memory reads as kPageNotPool.
  uint8_t UseOf(const void* address) const {
    return Covers(address) ? static_cast<uint8_t>(~use_[IndexOf(address)].load(std::memory_order_relaxed))
                           : kPageNotPool;
  }
  void SetUse(const void* address, uint8_t use) {
    use_[IndexOf(address)].store(static_cast<uint8_t>(~use), std::memory_order_relaxed);
  }
  LargeBlock& LargeOf(const void* address) { return large_[IndexOf(address)]; }

 private:
  uintptr_t base_ = 0;
  size_t byte_count_ = 0;
  std::atomic<uint8_t>* use_ = nullptr;
  LargeBlock* large_ = nullptr;
};

}  // namespace ring3::ex
