// SPDX-License-Identifier: MIT
#include <bugcodes.h>

#include "ex/pool.h"
#include "ex/pool_asan.h"
#include "ke/freed_memory.h"
#include "mm/layout.h"
#include "os/raw_memory.h"

namespace ring3::ex {
namespace {

ULONG_PTR Bits(const void* address) {
  return reinterpret_cast<ULONG_PTR>(address);
}

// The violations of BAD_POOL_CALLER and BAD_POOL_HEADER, as their pages number them.
constexpr ULONG_PTR kAlreadyFreed = 0x7;
constexpr ULONG_PTR kFreedAtBadIrql = 0x9;
constexpr ULONG_PTR kFreedWithWrongTag = 0xa;
constexpr ULONG_PTR kFreedUserAddress = 0x40;
constexpr ULONG_PTR kNeverInPool = 0x42;
constexpr ULONG_PTR kInvalidPoolAddress = 0x46;
constexpr ULONG_PTR kNotABlock = 0x99;
constexpr ULONG_PTR kFreedHeaderModified = 0xd;
constexpr ULONG_PTR kHeaderCorrupt = 0x20;
constexpr ULONG_PTR kOverrun = 0x21;

}  // namespace

void Pool::FreeSlow(void* user, uint32_t tag, TagCheck check, KIRQL irql) {
  ThreadCache& cache = CacheOfThread();
  const uint8_t use = map_.UseOf(user);
  if (use < kSizeClassCount) return FreeSmall(cache, user, tag, check, irql, use);
  if (use == kPageLarge) return FreeLarge(cache, user, tag, check, irql);
  if (use == kPageSpecial) return FreeSpecial(cache, user, tag, check, irql);
  NotABlock(user, use);
}

void Pool::NotABlock(void* user, uint8_t use) {
  if (user == nullptr) KeBugCheckEx(BAD_POOL_CALLER, kInvalidPoolAddress, 0, 0, 0);
  if (!mm::IsSystemAddress(user))
    KeBugCheckEx(BAD_POOL_CALLER, kFreedUserAddress, Bits(user), mm::kSystemBase, 0);
  if (use == kPageLargeFreed && Bits(user) % kPageSize == 0)
    KeBugCheckEx(BAD_POOL_CALLER, kAlreadyFreed, 0, map_.LargeOf(user).tag, Bits(user));
  if (use == kPageSpecialFreed) KeBugCheckEx(SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, Bits(user), 0, 0, 0x20);
  if (use == kPageNotPool) KeBugCheckEx(BAD_POOL_CALLER, kNeverInPool, Bits(user), 0, 0);
  KeBugCheckEx(BAD_POOL_CALLER, kNotABlock, Bits(user), 0, 0);
}

void Pool::CheckCaller(const void* user, uint8_t attributes, uint32_t allocated_tag, uint32_t tag,
                       TagCheck check, KIRQL irql) {
  const bool paged = (attributes & kPoolKindMask) == static_cast<uint8_t>(PoolKind::kPaged);
  if (irql > (paged ? APC_LEVEL : DISPATCH_LEVEL))
    KeBugCheckEx(BAD_POOL_CALLER, kFreedAtBadIrql, irql, PoolTypeOf(attributes), Bits(user));
  if (check == TagCheck::kMatch && allocated_tag != tag)
    KeBugCheckEx(BAD_POOL_CALLER, kFreedWithWrongTag, Bits(user), allocated_tag, tag);
}

// The header of the block that `address` lies in, which starts there unless it is cache-aligned.
PoolHeader* Pool::BlockAround(const void* address, int size_class) {
  const uintptr_t page = Bits(address) & ~(kPageSize - 1);
  const size_t offset = (Bits(address) - page) / ClassSize(size_class) * ClassSize(size_class);
  return reinterpret_cast<PoolHeader*>(page + offset);
}

RING3_POOL_TOUCHES_REDZONES void Pool::FreeSmall(ThreadCache& cache, void* user, uint32_t tag, TagCheck check,
                                                 KIRQL irql, int size_class) {
  if (Bits(user) % sizeof(PoolHeader) != 0 || Bits(user) % kPageSize < sizeof(PoolHeader))
    NotABlock(user, kPageLargeInterior);
  PoolHeader* header = PoolHeader::Of(user);
  PoolHeader* block = BlockAround(user, size_class);
  const size_t size = ClassSize(size_class);
  const bool at_start = header == block;
  if (header->state == kPoolStateFree && at_start)
    KeBugCheckEx(BAD_POOL_CALLER, kAlreadyFreed, 0, LoadUnaligned(header), Bits(user));
  if (header->state != kPoolStateAllocated || header->seal_or_next != SealOf(header)) {
    // In the middle of a block, or the header was overwritten: by what ran below this block, or beyond the
    // one before.
    const bool cache_aligned = Bits(user) % 64 == 0 && Bits(user) - Bits(block) <= 64 + sizeof(PoolHeader);
    if (cache_aligned && header->state == kPoolStateFree)
      KeBugCheckEx(BAD_POOL_CALLER, kAlreadyFreed, 0, LoadUnaligned(header), Bits(user));
    if (!at_start || header->state == kPoolStateFresh)
      KeBugCheckEx(BAD_POOL_CALLER, kNotABlock, Bits(user), 0, 0);
    KeBugCheckEx(BAD_POOL_HEADER, kHeaderCorrupt, Bits(header), Bits(header) + size, 0);
  }
  CheckCaller(user, header->attributes, header->tag, tag, check, irql);
  if ((mode_ & kModeChecked) != 0) ke::CheckFreedMemory(user, header->byte_count);
  char* end = static_cast<char*>(user) + header->byte_count;
  if (LoadUnaligned(end) != GuardOf(user))
    KeBugCheckEx(BAD_POOL_HEADER, kOverrun, Bits(user), header->byte_count, LoadUnaligned(end));
  if ((header->attributes & kPoolQuota) != 0) {
    quota_.Return(reinterpret_cast<_KPROCESS*>(LoadUnaligned(end + kGuardByteCount)), header->kind(),
                  header->byte_count);
  }
  Count(cache, {header->tag, header->kind()}, header->byte_count, PoolEvent::kFree);
  if ((mode_ & kModeChecked) != 0) trace_.Freed(user, CaptureCallStack());
  const PageKind kind = PageKindOf(header->kind());
  header->state = kPoolStateFree;
  if (!at_start) {
    block->tag = header->tag;
    block->byte_count = header->byte_count;
    block->attributes = header->attributes;
    block->state = kPoolStateFree;
  }
  if ((mode_ & kModeChecked) != 0) {
    // The cache-aligned header stays, to tell a second free from a stray pointer.
    char* fill = at_start ? static_cast<char*>(block->user()) : static_cast<char*>(user);
    // Not memset, nor a loop that becomes one: a sanitizer's would report the red zones.
    os::RawFill(fill, kFreedFill, static_cast<size_t>(reinterpret_cast<char*>(block) + size - fill));
  }
  if ((mode_ & kModeAsan) != 0) {
    Poison(block, size);
    return Rest(cache, {block, nullptr, 0, kind, size_class});
  }
  ReturnBlock(cache, block, kind, size_class);
}

RING3_POOL_TOUCHES_REDZONES void Pool::CheckFreedFill(PoolHeader* block, size_t size) {
  if ((mode_ & kModeChecked) == 0 || block->state != kPoolStateFree) return;
  // The last user's bytes: what lies before a cache-aligned block's header was never filled.
  const char* user = static_cast<const char*>(block->user());
  if ((block->attributes & kPoolCacheAligned) != 0)
    user = reinterpret_cast<const char*>((Bits(user) + 63) & ~ULONG_PTR{63});
  for (const char* end = reinterpret_cast<const char*>(block) + size; user < end; ++user) {
    if (static_cast<uint8_t>(*user) != kFreedFill)
      KeBugCheckEx(BAD_POOL_HEADER, kFreedHeaderModified, Bits(block->user()), Bits(user), block->tag);
  }
}

void Pool::ReturnBlock(ThreadCache& cache, PoolHeader* block, PageKind kind, int size_class) {
  FreeList& list = cache.ListOf(kind, size_class);
  if (list.count >= 2 * PoolCentral::BatchOf(size_class)) central_.Relieve(list, kind, size_class);
  list.Push(block);
}

RING3_POOL_TOUCHES_REDZONES void Pool::FreeLarge(ThreadCache& cache, void* user, uint32_t tag, TagCheck check,
                                                 KIRQL irql) {
  if (Bits(user) % kPageSize != 0) NotABlock(user, kPageLargeInterior);
  const LargeBlock block = map_.LargeOf(user);
  CheckCaller(user, block.attributes, block.tag, tag, check, irql);
  if ((mode_ & kModeChecked) != 0) ke::CheckFreedMemory(user, block.byte_count);
  const PoolKind kind = static_cast<PoolKind>(block.attributes & kPoolKindMask);
  char* end = static_cast<char*>(user) + block.byte_count;
  if (block.page_count * kPageSize - block.byte_count >= kGuardByteCount &&
      LoadUnaligned(end) != GuardOf(user))
    KeBugCheckEx(BAD_POOL_HEADER, kOverrun, Bits(user), block.byte_count, LoadUnaligned(end));
  if (block.charged != nullptr) quota_.Return(block.charged, kind, block.byte_count);
  Count(cache, {block.tag, kind}, block.byte_count, PoolEvent::kFree);
  if ((mode_ & kModeChecked) != 0) trace_.Freed(user, CaptureCallStack());
  map_.SetUse(user, kPageLargeFreed);
  for (size_t i = 1; i < block.page_count; ++i)
    map_.SetUse(static_cast<char*>(user) + i * kPageSize, kPageNotPool);
  if (block.page_count > 1) {
    SpinLockGuard guard(runs_lock_);
    runs_.erase(user);
  }
  if ((mode_ & kModeAsan) != 0) {
    Poison(user, block.page_count * kPageSize);
    return Rest(cache, {nullptr, user, block.page_count, PageKindOf(kind), 0});
  }
  ReturnPages(cache, user, block.page_count, PageKindOf(kind));
}

void Pool::ReturnPages(ThreadCache& cache, void* pages, size_t page_count, PageKind kind) {
  if (page_count > 1) return central_.GiveRun(pages, page_count, kind);
  FreeList& list = cache.pages(kind);
  if (list.count >= 2 * PoolCentral::kPageBatch) central_.RelievePages(list, kind);
  list.Push(static_cast<PoolHeader*>(pages));
}

void Pool::FreeSpecial(ThreadCache& cache, void* user, uint32_t tag, TagCheck check, KIRQL irql) {
  LargeBlock* block = special_.Find(user);
  if (block == nullptr) KeBugCheckEx(SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, Bits(user), 0, 0, 0x21);
  const PoolKind kind = static_cast<PoolKind>(block->attributes & kPoolKindMask);
  if (irql > (kind == PoolKind::kPaged ? APC_LEVEL : DISPATCH_LEVEL))
    KeBugCheckEx(SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, irql, PoolTypeOf(block->attributes), Bits(user),
                 0x31);
  CheckCaller(user, block->attributes, block->tag, tag, check, irql);
  if ((mode_ & kModeChecked) != 0) ke::CheckFreedMemory(user, block->byte_count);
  if (block->charged != nullptr) quota_.Return(block->charged, kind, block->byte_count);
  Count(cache, {block->tag, kind}, block->byte_count, PoolEvent::kFree);
  if ((mode_ & kModeChecked) != 0) trace_.Freed(user, CaptureCallStack());
  special_.Free(user);
}

void Pool::Rest(ThreadCache& cache, const Resting& resting) {
  const auto bytes = [](const Resting& one) {
    return one.block != nullptr ? ClassSize(one.size_class) : one.page_count * kPageSize;
  };
  std::vector<Resting> rested;
  {
    SpinLockGuard guard(quarantine_lock_);
    quarantine_.push_back(resting);
    quarantine_bytes_ += bytes(resting);
    while (quarantine_bytes_ > kQuarantineBytes && !quarantine_.empty()) {
      rested.push_back(quarantine_.front());
      quarantine_bytes_ -= bytes(quarantine_.front());
      quarantine_.pop_front();
    }
  }
  for (const Resting& one : rested) {
    if (one.block != nullptr) {
      ReturnBlock(cache, one.block, one.kind, one.size_class);
    } else {
      ReturnPages(cache, one.pages, one.page_count, one.kind);
    }
  }
}

}  // namespace ring3::ex
