// SPDX-License-Identifier: MIT
#include <ntstatus.h>

#include "ex/pool.h"
#include "ex/pool_asan.h"
#include "ke/kthread.h"

namespace ring3::ex {
namespace {

constexpr size_t kCacheLine = 64;
// A request of more cannot be in simulated RAM; refused before sizes are added up.
constexpr size_t kMostBytes = size_t{1} << 40;

}  // namespace

void* Pool::AllocateSlow(const PoolRequest& request) {
  if (ShouldFail("pool") || request.byte_count > kMostBytes) return nullptr;
  ThreadCache& cache = CacheOfThread();

  // Quota is not charged for blocks of PAGE_SIZE or more (ExAllocatePoolWithQuota).
  PoolRequest adjusted = request;
  _KPROCESS* charged = nullptr;
  if (request.byte_count >= kPageSize) adjusted.attributes &= static_cast<uint8_t>(~kPoolQuota);
  if ((adjusted.attributes & kPoolQuota) != 0) {
    charged = ke::CurrentThread()->process;
    if (charged == nullptr) adjusted.attributes &= static_cast<uint8_t>(~kPoolQuota);
  }
  if (charged != nullptr) {
    if (!quota_.Charge(charged, request.kind(), request.byte_count).ok()) return nullptr;
  }

  void* user = nullptr;
  bool special = false;
  if ((mode_ & kModeSpecial) != 0 || request.want_special) {
    user = special_.Allocate(request.byte_count, request.tag, adjusted.attributes,
                             request.at_page_start ? SpecialPool::Edge::kStart : SpecialPool::Edge::kEnd);
    special = user != nullptr;
    if (special) special_.Find(user)->charged = charged;
  }
  if (user == nullptr) {
    const size_t extra = (adjusted.attributes & kPoolQuota ? sizeof(charged) : 0) +
                         (adjusted.attributes & kPoolCacheAligned ? kCacheLine : 0);
    if (request.byte_count + extra <= kLargestSmall) {
      user = AllocateSmall(cache, adjusted, charged);
    } else {
      user = AllocateLarge(cache, adjusted, charged);
    }
  }
  if (user == nullptr) {
    if (charged != nullptr) quota_.Return(charged, request.kind(), request.byte_count);
    return nullptr;
  }
  if ((mode_ & kModeChecked) != 0) trace_.Allocated(user, CaptureCallStack());
  Count(cache, {request.tag, request.kind()}, request.byte_count, PoolEvent::kAllocation);
  if (request.fill == PoolFill::kZero) __builtin_memset(user, 0, request.byte_count);
  return user;
}

RING3_POOL_TOUCHES_REDZONES void* Pool::AllocateSmall(ThreadCache& cache, const PoolRequest& request,
                                                      _KPROCESS* charged) {
  const bool aligned = (request.attributes & kPoolCacheAligned) != 0;
  const size_t size = request.byte_count + kBlockOverhead + (charged != nullptr ? sizeof(charged) : 0) +
                      (aligned ? kCacheLine : 0);
  const PageKind kind = PageKindOf(request.kind());
  const int size_class = SizeClassOf(size);
  FreeList& list = cache.ListOf(kind, size_class);
  if (list.head == nullptr) central_.Refill(list, cache.pages(kind), kind, size_class);
  PoolHeader* block = list.Pop();
  if (block == nullptr) return nullptr;
  CheckFreedFill(block, ClassSize(size_class));
  if (aligned) {
    const uintptr_t user = (reinterpret_cast<uintptr_t>(block->user()) + kCacheLine - 1) & ~(kCacheLine - 1);
    block = PoolHeader::Of(reinterpret_cast<void*>(user));
  }
  Unpoison(block->user(), request.byte_count);
  Stamp(block, request);
  if (charged != nullptr) {
    StoreUnaligned(static_cast<char*>(block->user()) + request.byte_count + kGuardByteCount,
                   reinterpret_cast<uint64_t>(charged));
  }
  return block->user();
}

RING3_POOL_TOUCHES_REDZONES void* Pool::AllocateLarge(ThreadCache& cache, const PoolRequest& request,
                                                      _KPROCESS* charged) {
  const PageKind kind = PageKindOf(request.kind());
  const size_t page_count = (request.byte_count + kPageSize - 1) / kPageSize;
  char* pages = nullptr;
  if (page_count == 1) {
    FreeList& list = cache.pages(kind);
    if (list.head == nullptr) central_.RefillPages(list, kind);
    pages = reinterpret_cast<char*>(list.Pop());
  } else {
    pages = static_cast<char*>(central_.TakeRun(page_count, kind));
  }
  if (pages == nullptr) return nullptr;
  if (page_count > 1) {
    SpinLockGuard guard(runs_lock_);
    runs_.insert(pages);
  }
  LargeBlock& block = map_.LargeOf(pages);
  block = {};
  block.byte_count = request.byte_count;
  block.tag = request.tag;
  block.page_count = static_cast<uint32_t>(page_count);
  block.attributes = request.attributes;
  block.charged = charged;
  map_.SetUse(pages, kPageLarge);
  for (size_t i = 1; i < page_count; ++i) map_.SetUse(pages + i * kPageSize, kPageLargeInterior);
  Unpoison(pages, request.byte_count);
  const size_t slack = page_count * kPageSize - request.byte_count;
  if (slack >= kGuardByteCount) {
    StoreUnaligned(pages + request.byte_count, GuardOf(pages));
    Poison(pages + request.byte_count, slack);
  }
  return pages;
}

}  // namespace ring3::ex
