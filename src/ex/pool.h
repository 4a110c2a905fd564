// SPDX-License-Identifier: MIT
#pragma once

#include "base/boot_options.h"
#include "base/fault_injection.h"
#include "base/leak_report.h"
#include "ex/pool_central.h"
#include "ex/pool_quota.h"
#include "ex/pool_trace.h"
#include "ex/special_pool.h"

#include <unordered_set>

namespace ring3::ex {

enum class PoolFill : uint8_t { kNone, kZero };
enum class PoolEvent : uint8_t { kAllocation, kFree };
enum class TagCheck : uint8_t { kNone, kMatch };

// What is checked beyond the ordinary; any of it sends every request the slow way. Bits.
enum PoolMode : uint32_t {
  kModeSpecial = 1,  // blocks end at guard pages
  kModeAsan = 2,     // red zones are poisoned, freed blocks rest in a quarantine
  kModeChecked = 4,  // freed blocks are filled and checked, allocation stacks recorded
};

struct PoolRequest {
  size_t byte_count;
  uint32_t tag;
  uint8_t attributes;  // PoolKind and PoolAttribute bits
  PoolFill fill = PoolFill::kNone;
  bool want_special = false;
  bool at_page_start = false;  // special pool: catch what runs below the block instead of beyond it

  PoolKind kind() const { return static_cast<PoolKind>(attributes & kPoolKindMask); }
};

// The calling thread's cache; null until its first request.
extern constinit thread_local ThreadCache* t_pool_cache;

// The pool. The fast paths below take no lock and touch nothing shared: a block comes from the thread's list
// of its size class and goes back there, and what is counted is counted in the thread's own counters.
class Pool {
 public:
  static constexpr size_t kLargestSmall = kLargestClassSize - kBlockOverhead;
  // What a header has where a block needs nothing but the fast path, and the bits that tell.
  static constexpr uint64_t kOrdinaryMask =
      uint64_t{0xff} << 56 | uint64_t{kPoolCacheAligned | kPoolQuota | kPoolSession} << 48;
  static constexpr uint64_t kOrdinary = uint64_t{kPoolStateAllocated} << 56;

  static Result<Pool*> Create(const BootOptions& options);
  // Every thread must have stopped using the pool. Reports what was not freed, by tag.
  void Destroy(LeakReport& leaks);

  // Null when there is no memory. The caller has checked the IRQL.
  RING3_POOL_FAST void* Allocate(const PoolRequest& request) {
    constexpr uint8_t kUncommon = kPoolCacheAligned | kPoolQuota;
    if (mode_ == 0 && request.byte_count <= kLargestSmall && (request.attributes & kUncommon) == 0 &&
        !request.want_special && g_fault_hook.load(std::memory_order_relaxed) == nullptr) [[likely]] {
      if (ThreadCache* cache = t_pool_cache; cache != nullptr) [[likely]] {
        if (TagCounters::Slot* slot = cache->tags().Find(TagKey{request.tag, request.kind()}.packed()))
            [[likely]] {
          FreeList& list =
              cache->ListOf(PageKindOf(request.kind()), SizeClassOf(request.byte_count + kBlockOverhead));
          if (PoolHeader* block = list.Pop()) [[likely]] {
            TagCounters::CountAllocation(*slot, request.byte_count);
            Stamp(block, request);
            void* user = block->user();
            if (request.fill == PoolFill::kZero) __builtin_memset(user, 0, request.byte_count);
            return user;
          }
        }
      }
    }
    return AllocateSlow(request);
  }

  // Bug checks when `user` is not a live block, or the block was damaged. `irql`: the caller's.
  RING3_POOL_FAST void Free(void* user, uint32_t tag, TagCheck check, KIRQL irql) {
    if (mode_ == 0) [[likely]] {
      const uint8_t use = map_.UseOf(user);
      if (use < kSizeClassCount &&
          (reinterpret_cast<uintptr_t>(user) & (kPageSize - sizeof(PoolHeader))) != 0) [[likely]] {
        PoolHeader* header = PoolHeader::Of(user);
        // The whole header in one load.
        const uint64_t packed = LoadUnaligned(header);
        const auto block_tag = static_cast<uint32_t>(packed);
        const auto byte_count = static_cast<uint16_t>(packed >> 32);
        const auto attributes = static_cast<uint8_t>(packed >> 48);
        const auto kind = static_cast<PoolKind>(attributes & kPoolKindMask);
        ThreadCache* cache = t_pool_cache;
        // An ordinary block: allocated, neither cache-aligned nor charged (nor session, which is rare).
        if (cache != nullptr && (packed & kOrdinaryMask) == kOrdinary &&
            header->seal_or_next == SealOf(header, packed) &&
            (check == TagCheck::kNone || block_tag == tag) &&
            irql <= (kind == PoolKind::kPaged ? APC_LEVEL : DISPATCH_LEVEL) &&
            LoadUnaligned(static_cast<char*>(user) + byte_count) == GuardOf(user)) [[likely]] {
          FreeList& list = cache->ListOf(PageKindOf(kind), use);
          TagCounters::Slot* slot = cache->tags().Find(TagKey{block_tag, kind}.packed());
          if (slot != nullptr && list.count < 2 * PoolCentral::BatchOf(use)) [[likely]] {
            TagCounters::CountFree(*slot, byte_count);
            StoreUnaligned(header, packed ^ (uint64_t{kPoolStateAllocated ^ kPoolStateFree} << 56));
            list.Push(header);
            return;
          }
        }
      }
    }
    FreeSlow(user, tag, check, irql);
  }

  // How many bytes `user` may hold, as asked for; bug checks when it is no block.
  size_t BlockSize(void* user, bool* quota_charged);
  // What is in use, by tag.
  TagTotals Usage();
  PoolQuota& quota() { return quota_; }
  SpecialPool& special() { return special_; }
  // Describes the block at or around `address`, for a bug check's report; empty when it is none of the
  // pool's.
  std::string Describe(const void* address);
  uint32_t mode() const { return mode_; }
  // Gives back a thread's cache; for thread exit.
  void Retire(ThreadCache* cache);

 private:
  explicit Pool(uint32_t mode) : mode_(mode), central_(map_), special_(map_) {}

  RING3_POOL_TOUCHES_REDZONES static void Stamp(PoolHeader* block, const PoolRequest& request) {
    const uint64_t packed = uint64_t{request.tag} |
                            uint64_t{static_cast<uint16_t>(request.byte_count)} << 32 |
                            uint64_t{request.attributes} << 48 | uint64_t{kPoolStateAllocated} << 56;
    StoreUnaligned(block, packed);
    block->seal_or_next = SealOf(block, packed);
    StoreUnaligned(static_cast<char*>(block->user()) + request.byte_count, GuardOf(block->user()));
  }

  void* AllocateSlow(const PoolRequest& request);
  void* AllocateSmall(ThreadCache& cache, const PoolRequest& request, struct _KPROCESS* charged);
  void* AllocateLarge(ThreadCache& cache, const PoolRequest& request, struct _KPROCESS* charged);
  void FreeSlow(void* user, uint32_t tag, TagCheck check, KIRQL irql);
  void FreeSmall(ThreadCache& cache, void* user, uint32_t tag, TagCheck check, KIRQL irql, int size_class);
  void FreeLarge(ThreadCache& cache, void* user, uint32_t tag, TagCheck check, KIRQL irql);
  void FreeSpecial(ThreadCache& cache, void* user, uint32_t tag, TagCheck check, KIRQL irql);
  void ReturnBlock(ThreadCache& cache, PoolHeader* block, PageKind kind, int size_class);
  void ReturnPages(ThreadCache& cache, void* pages, size_t page_count, PageKind kind);
  void Count(ThreadCache& cache, const TagKey& key, size_t byte_count, PoolEvent event);
  void CheckFreedFill(PoolHeader* block, size_t size);
  static void CheckCaller(const void* user, uint8_t attributes, uint32_t allocated_tag, uint32_t tag,
                          TagCheck check, KIRQL irql);
  PoolHeader* BlockAround(const void* address, int size_class);
  [[noreturn]] void NotABlock(void* user, uint8_t use);
  void ReportLeaks(LeakReport& leaks);
  template <typename Visit>
  void ForEachLiveBlock(Visit visit);

  const uint32_t mode_;
  PoolPageMap map_;
  PoolCentral central_;
  PoolQuota quota_;
  PoolTrace trace_;
  SpecialPool special_;

  SpinLock runs_lock_{LockRank::kPool};
  std::unordered_set<void*> runs_ RING3_GUARDED_BY(runs_lock_);  // large blocks of more than one page

  // Freed blocks that AddressSanitizer's users may still touch, oldest first.
  struct Resting {
    PoolHeader* block;
    void* pages;
    size_t page_count;
    PageKind kind;
    int size_class;
  };
  static constexpr size_t kQuarantineBytes = size_t{16} << 20;
  void Rest(ThreadCache& cache, const Resting& resting);
  SpinLock quarantine_lock_{LockRank::kPool};
  std::deque<Resting> quarantine_ RING3_GUARDED_BY(quarantine_lock_);
  size_t quarantine_bytes_ RING3_GUARDED_BY(quarantine_lock_) = 0;
};

// The pool of the booted executive; null before Initialize and after Shutdown.
extern Pool* g_pool;

// The calling thread's cache, made on its first request.
ThreadCache& CacheOfThread();
// Gives the calling thread's cache back. At its end, and sooner where the executive may be gone by then.
void RetireCacheOfThread();
// Adds all threads' counters, and those of threads that have gone, to `totals`.
void SumTags(TagTotals& totals);
// Sets all threads' caches to nothing; when the pool goes.
void ForgetThreadCaches();

}  // namespace ring3::ex
