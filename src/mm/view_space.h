// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>

#include "base/leak_report.h"
#include "base/result.h"
#include "base/spin_lock.h"
#include "ddi/mm.h"
#include "mm/extent_set.h"
#include "mm/layout.h"
#include "os/memory.h"

namespace ring3::mm {

// The part of the system reservation where frames are mapped a second time: stitched views of MDLs over
// scattered frames, system mappings with a protection of their own, and the ranges of
// MmAllocateMappingAddress. A guard page lies between neighbours.
class ViewSpace {
 public:
  enum class Use : uint8_t { kMdlView, kReserved, kIoSpace };
  struct View {
    Use use;
    uint64_t page_count;
    ULONG tag;  // kReserved
    PMDL mdl;   // what is mapped now; null: nothing
    uint64_t mapped_pages;
    const void* owner;  // who made it
    Pfn io_first = 0;   // kIoSpace
  };

  void Initialize();
  void Shutdown(LeakReport& leaks);

  // Takes `page_count` pages of addresses, nothing mapped. Zero: no room.
  uintptr_t Reserve(const View& view);
  // Unmaps all and gives the addresses back.
  void Release(uintptr_t address);
  // Unmaps all that is mapped there; the addresses stay reserved.
  static void Unmap(uintptr_t address, uint64_t page_count);

  // A copy of the view that starts at `address`; false: none does.
  bool Find(uintptr_t address, View* view);
  // The view that holds `address` and its start.
  bool FindContaining(uintptr_t address, View* view, uintptr_t* start);
  void SetMapped(uintptr_t address, PMDL mdl, uint64_t mapped_pages);

  // Maps frames of RAM or of device memory, runs at once. STATUS_INVALID_ADDRESS for others.
  static Status MapFrames(uintptr_t address, const Pfn* frames, uint64_t count, os::Protection protection);

  // Whether a kIoSpace view shows a frame of the range.
  bool AnyIoSpace(Pfn first, uint64_t count);

  static bool Contains(uintptr_t address) { return address - kViewsBase < kViewsBytes; }

 private:
  SpinLock lock_{LockRank::kFrames};
  ExtentSet free_ RING3_GUARDED_BY(lock_);  // in pages from kViewsBase
  std::map<uintptr_t, View> views_ RING3_GUARDED_BY(lock_);
};

// Maps consecutive frames, RAM, device memory or a client's, at `address`, over whatever is there. kRead maps
// RAM and device memory so that nobody can make the mapping writable. Waits for frames that are on the move,
// a millisecond or so.
Status MapRun(uintptr_t address, Pfn first, uint64_t count, os::Protection protection);

}  // namespace ring3::mm
