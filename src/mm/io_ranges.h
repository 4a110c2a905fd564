// SPDX-License-Identifier: MIT
#pragma once

#include <map>

#include "base/result.h"
#include "base/spin_lock.h"
#include "mm/layout.h"

namespace ring3::mm {

// Device memory above RAM: which physical ranges exist, and where each is in the memory object.
class IoRanges {
 public:
  // Makes the pages device memory where they are not yet. STATUS_CONFLICTING_ADDRESSES where part of them is
  // and part is not; STATUS_INSUFFICIENT_RESOURCES.
  Status Register(Pfn first, uint64_t count, uint64_t device_area_offset);
  // False: not all of them are device memory.
  bool OffsetOf(Pfn first, uint64_t count, uint64_t* offset);
  void Shutdown();

 private:
  struct Range {
    uint64_t page_count;
    uint64_t offset;
  };
  SpinLock lock_{LockRank::kFrames};
  std::map<Pfn, Range> ranges_ RING3_GUARDED_BY(lock_);
  uint64_t used_bytes_ RING3_GUARDED_BY(lock_) = 0;
};

}  // namespace ring3::mm
