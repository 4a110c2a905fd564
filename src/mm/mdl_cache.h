// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/leak_report.h"
#include "base/spin_lock.h"
#include "ddi/mm.h"
#include "mm/layout.h"
#include "mm/mdl_arena.h"
#include "os/thread.h"

namespace ring3::mm {

// MDLs of up to 64 frames, all of one size. Each thread keeps a few; the rest are in one list.
class MdlCache {
 public:
  static constexpr uint64_t kMostPages = MdlArena::kFewestPages - 1;

  void Initialize();
  // Null: out of memory. Uninitialised.
  PMDL Allocate(const void* caller);
  // False: not an allocated MDL of the cache.
  bool Free(PMDL mdl);
  void Shutdown(LeakReport& leaks);

  // Gives back what the calling thread kept. At its end, and sooner where the executive may be gone by then.
  static void GiveBackOfThread();

 private:
  static constexpr uint64_t kSlabPages = 16;
  static constexpr uint32_t kMostPerThread = 16;
  struct Block {
    static constexpr uint32_t kFree = 0x6c644d66, kAllocated = 0x6c644d61;
    uint32_t state;
    const void* caller;
    Block* next;
    uint64_t reserved;
    MDL mdl;
    Pfn frames[kMostPages];
  };
  static constexpr uint64_t kBlocksPerSlab = kSlabPages * kPageBytes / sizeof(Block);
  struct ThreadCache;
  static thread_local ThreadCache t_cache;
  static os::AtThreadEnd g_thread_end;

  Block* TakeShared();
  void GiveShared(Block* block);

  std::atomic<uint64_t> boot_{0};  // tells a thread that what it kept is of another boot
  SpinLock lock_{LockRank::kMdl};
  Block* free_ RING3_GUARDED_BY(lock_) = nullptr;
  std::vector<Block*> slabs_ RING3_GUARDED_BY(lock_);
};

}  // namespace ring3::mm
