// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/spin_lock.h"
#include "mm/extent_set.h"
#include "mm/layout.h"
#include "mm/system_pages.h"
#include "os/memory.h"

namespace ring3::mm {

// Simulated RAM: one sparse memory object, mapped whole and once, and the frames of it that are free. Frame p
// is at kSystemBase + p * 4 KiB. What needs no particular frames gets them above 4 GiB; those below 4 GiB,
// and below 16 MiB above all, are kept for requests that are constrained.
class FrameAllocator {
 public:
  // `ram_bytes` is at most kMostRamBytes. The system reservation exists already.
  Status Initialize(uint64_t ram_bytes);
  // Takes simulated RAM away; its addresses stay reserved.
  void Shutdown();

  // Consecutive frames. `request` counts in frames. False: none that suit are free.
  bool Allocate(const ExtentRequest& request, PageContents contents, Pfn* first);
  void Free(Pfn first, uint64_t count);

  // Whether every frame of the range is RAM and allocated.
  bool IsAllocated(Pfn first, uint64_t count);
  // Whether a frame lies in simulated RAM and outside its device holes.
  bool IsRam(Pfn pfn) const;
  // Whether the range lies in a device hole.
  bool IsInHole(Pfn first, uint64_t count) const;

  uint64_t ram_pages() const { return ram_pages_; }
  uint64_t allocated_pages();
  const os::MemoryObject& memory() const { return memory_; }

  // The system addresses of the frames are protected so until they are freed or protected again.
  Status Protect(Pfn first, uint64_t count, os::Protection protection);

 private:
  bool AllocateLocked(const ExtentRequest& request, Pfn* first) RING3_REQUIRES(lock_);
  bool IsDirty(Pfn pfn) const;
  void MarkDirty(Pfn first, uint64_t count);
  void MakeZero(Pfn first, uint64_t count);

  os::MemoryObject memory_;
  uint64_t ram_pages_ = 0;
  uint64_t usable_pages_ = 0;
  std::atomic<uint64_t>* dirty_ = nullptr;  // a bit per frame: it was used since it last read as zeros
  SpinLock lock_{LockRank::kFrames};
  ExtentSet free_ RING3_GUARDED_BY(lock_);
  ExtentSet protected_ RING3_GUARDED_BY(lock_);  // the frames whose protection was changed
  std::atomic<uint64_t> protected_count_{0};
};

}  // namespace ring3::mm
