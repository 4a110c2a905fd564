// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <unordered_map>

#include "base/leak_report.h"
#include "base/spin_lock.h"
#include "ddi/mm.h"
#include "mm/layout.h"

namespace ring3::mm {

// What drivers allocated in frames: contiguous blocks by their address, and the pages of
// MmAllocatePagesForMdl by MDL.
class ContiguousBlocks {
 public:
  struct Block {
    uint64_t byte_count;
    const void* owner;
  };
  void Insert(uintptr_t address, const Block& block);
  // False: no block starts there.
  bool Remove(uintptr_t address, Block* block);

  void InsertMdl(PMDL mdl, const Block& block);
  bool RemoveMdl(PMDL mdl);

  void Shutdown(LeakReport& leaks);

 private:
  SpinLock lock_{LockRank::kFrames};
  std::map<uintptr_t, Block> blocks_ RING3_GUARDED_BY(lock_);
  std::unordered_map<PMDL, Block> mdls_ RING3_GUARDED_BY(lock_);
};

}  // namespace ring3::mm
