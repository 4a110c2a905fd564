// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "base/spin_lock.h"
#include "ex/pool_page_map.h"
#include "ex/pool_thread_cache.h"

#include <vector>

namespace ring3::ex {

// Where threads' caches are filled from and emptied to, and where the pool's pages are. Blocks travel by the
// batch, so that a lock is taken once for many of them.
class PoolCentral {
 public:
  explicit PoolCentral(PoolPageMap& map) : map_(map) {}

  // How many blocks travel at once; a thread keeps twice as many at most.
  static constexpr uint32_t BatchOf(int size_class) { return kBatches[size_class]; }
  // Few pages: linking them touches them, and a thread of an application that does nothing keeps what it has.
  static constexpr uint32_t kPageBatch = 4;

  // Puts at least one block into the empty `list`, or leaves it empty when there is no memory.
  // `pages`: the thread's free pages, which new blocks are cut from.
  void Refill(FreeList& list, FreeList& pages, PageKind kind, int size_class);
  // Takes one batch out of `list`; Drain takes everything.
  void Relieve(FreeList& list, PageKind kind, int size_class);
  void Drain(FreeList& list, PageKind kind, int size_class);

  // The same for single pages.
  void RefillPages(FreeList& list, PageKind kind);
  void RelievePages(FreeList& list, PageKind kind);
  void DrainPages(FreeList& list, PageKind kind);

  // Contiguous pages for a large block of more than one page; null when there is no memory.
  void* TakeRun(size_t page_count, PageKind kind);
  void GiveRun(void* pages, size_t page_count, PageKind kind);

  // Calls `visit(page)` for each single page that the pool took from the system.
  template <typename Visit>
  void ForEachPage(Visit visit) {
    SpinLockGuard guard(chunk_lock_);
    for (const Chunk& chunk : chunks_)
      for (size_t i = 0; i < kChunkPages; ++i) visit(chunk.pages + i * kPageSize);
  }

  // Gives all single pages back to the system. No block may be used any more.
  void ReleaseChunks();

 private:
  // Taken from the system at once.
  static constexpr uint32_t kChunkPages = 16;

  struct Batch {
    PoolHeader* head;
    uint32_t count;
  };
  struct Shelf {
    SpinLock lock{LockRank::kPool};
    std::vector<Batch> batches RING3_GUARDED_BY(lock);
  };
  struct Chunk {
    char* pages;
    PageKind kind;
  };

  static constexpr auto kBatches = [] {
    std::array<uint8_t, kSizeClassCount> batches{};
    for (int i = 0; i < kSizeClassCount; ++i) {
      const int blocks = 8192 / kClassSizes[i];
      batches[i] = static_cast<uint8_t>(blocks < 2 ? 2 : blocks > 64 ? 64 : blocks);
    }
    return batches;
  }();

  static Batch Cut(FreeList& list, uint32_t count);
  static void TakeBatch(Shelf& shelf, FreeList& list);
  static void PutBatch(Shelf& shelf, Batch batch);
  static void Empty(FreeList& list, uint32_t batch, Shelf& shelf);

  PoolPageMap& map_;
  Shelf blocks_[kPageKindCount][kSizeClassCount];
  Shelf pages_[kPageKindCount];
  SpinLock chunk_lock_{LockRank::kPool};
  std::vector<Chunk> chunks_ RING3_GUARDED_BY(chunk_lock_);
};

}  // namespace ring3::ex
