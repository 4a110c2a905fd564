// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <vector>

#include "base/leak_report.h"
#include "base/spin_lock.h"
#include "mm/locked_pages.h"

namespace ring3::mm {

// The ranges that MDLs hold locked, by MDL. Sharded, so that requests on different threads do not meet.
//
// Unmapping against locking: a locker enters its range and then waits until no unmapping is under way before
// it looks at the memory; an unmapper announces itself and then looks for locked ranges. One of the two sees
// the other.
class LockedPageTable {
 public:
  void Insert(const LockedRange& range);
  // False: the MDL holds nothing locked.
  bool Remove(PMDL mdl, LockedRange* removed);
  // The MDL was freed with its pages locked: they stay so, under a key that no new MDL can have.
  void Orphan(PMDL mdl);
  // The range of `mdl` shrinks to the pages from `start` on.
  void Shrink(PMDL mdl, uintptr_t start, uint64_t page_count);

  // Of a client's pages, the system addresses of their frames count.
  bool AnyIn(uintptr_t start, uint64_t byte_count);
  void ForEach(const std::function<void(const LockedRange&)>& visit);
  void WaitForUnmappers() const;

  // Unmaps, or leaves that to the unlocking that makes it possible.
  void Unmap(uintptr_t start, uint64_t byte_count);
  // Runs `take`, unless pages of the range are locked; none are locked meanwhile.
  template <typename Take>
  bool RunUnlessLocked(uintptr_t start, uint64_t byte_count, Take take) {
    unmappers_.fetch_add(1, std::memory_order_seq_cst);
    const bool locked = AnyIn(start, byte_count);
    if (!locked) take();
    unmappers_.fetch_sub(1, std::memory_order_seq_cst);
    return !locked;
  }
  // Does what was deferred and is possible now.
  void RunDeferredUnmaps();

  void Shutdown(LeakReport& leaks);

 private:
  static constexpr int kShards = 16;
  struct alignas(64) Shard {
    SpinLock lock{LockRank::kLockedPages};
    std::vector<LockedRange> slots RING3_GUARDED_BY(lock);  // open addressing; mdl null: empty
    std::atomic<uint32_t> count{0};
  };
  struct Deferred {
    uintptr_t start;
    uint64_t byte_count;
  };

  static uint64_t Hash(const void* mdl) {
    return (reinterpret_cast<uintptr_t>(mdl) >> 4) * 0x9E3779B97F4A7C15ull;
  }
  Shard& ShardOf(PMDL mdl) { return shards_[Hash(mdl) >> 60]; }
  static size_t Find(const Shard& shard, PMDL mdl) RING3_REQUIRES(shard.lock);
  static void Place(Shard& shard, const LockedRange& range) RING3_REQUIRES(shard.lock);
  static void Erase(Shard& shard, size_t index) RING3_REQUIRES(shard.lock);
  bool TryDefer(uintptr_t start, uint64_t byte_count);

  Shard shards_[kShards];
  std::atomic<uint32_t> unmappers_{0};
  std::atomic<uint32_t> deferred_count_{0};
  std::atomic<uintptr_t> next_orphan_{1};
  SpinLock deferred_lock_{LockRank::kAddressSpace};
  std::vector<Deferred> deferred_ RING3_GUARDED_BY(deferred_lock_);
};

}  // namespace ring3::mm
