// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "base/leak_report.h"
#include "base/spin_lock.h"
#include "ddi/mm.h"
#include "mm/layout.h"

namespace ring3::mm {

// MDLs for big buffers, whose frame arrays are filled a page at a time when somebody looks at them. Building,
// mapping and recycling an MDL over gigabytes costs what it costs for a page, unless its frame numbers are
// read.
//
// A slot is a header page, always there, at whose end the MDL lies, and behind it the pages of the frame
// array, inaccessible until a fault brings them in. Slots come in classes of 2^c + 1 array pages.
class MdlArena {
 public:
  // MDLs of fewer frames are cheaper filled at once.
  static constexpr uint64_t kFewestPages = 65;
  static constexpr uint64_t kMostPages = (uint64_t{1} << 20) + 1;  // 4 GiB, unaligned

  static bool Contains(const void* address) {
    return reinterpret_cast<uintptr_t>(address) - kMdlArenaBase < kMdlArenaBytes;
  }

  // An MDL with room for `page_count` frames, otherwise uninitialised. Null: out of memory.
  PMDL Allocate(uint64_t page_count, const void* caller);
  // Undoes Allocate. False: not an allocated MDL of the arena.
  bool Free(PMDL mdl);

  uint64_t CapacityOf(PMDL mdl) const;
  // The frame array is first, first + 1, … from now on.
  void SetContiguous(PMDL mdl, Pfn first, uint64_t count);
  // The frame array is written by the caller from now on; until then it reads as zeros.
  void SetScattered(PMDL mdl);
  // True, with the first frame, where the array is contiguous; reads only array pages that are there.
  bool GetContiguous(PMDL mdl, Pfn* first) const;

  // The fault at `address` was for a page of a frame array, which is there now. Async-signal-safe.
  bool OnFault(uintptr_t address);

  void Shutdown(LeakReport& leaks);

 private:
  static constexpr int kClasses = 12;
  static constexpr uint64_t kClassBytes = kMdlArenaBytes / kClasses / kPageBytes * kPageBytes;
  static constexpr uint64_t kFramesPerPage = kPageBytes / sizeof(Pfn);
  struct Slot;

  static constexpr uint64_t ArrayPages(int class_index) { return (uint64_t{1} << class_index) + 1; }
  static constexpr uint64_t SlotBytes(int class_index) { return (ArrayPages(class_index) + 1) * kPageBytes; }
  static constexpr uintptr_t ClassBase(int class_index) { return kMdlArenaBase + kClassBytes * class_index; }
  static Slot* SlotOf(PMDL mdl);
  static void Reset(Slot* slot);

  struct Class {
    SpinLock lock{LockRank::kFrames};
    Slot* free RING3_GUARDED_BY(lock) = nullptr;
    std::atomic<uint64_t> used{0};  // slots ever given out
  };
  Class classes_[kClasses];
};

}  // namespace ring3::mm
