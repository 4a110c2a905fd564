// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/result.h"
#include "ddi/mm.h"
#include "mm/layout.h"
#include "os/memory.h"

namespace ring3::mm {

inline uint64_t PagesOfMdl(const MDL* mdl) {
  return (uint64_t{mdl->ByteOffset} + mdl->ByteCount + PAGE_SIZE - 1) / PAGE_SIZE;
}

// The frames that a locked MDL describes, read without touching more of its array than has to be.
class MdlFrames {
 public:
  explicit MdlFrames(PMDL mdl);

  uint64_t count() const { return count_; }
  // Consecutive frames (an empty MDL is not).
  bool contiguous() const { return contiguous_; }
  Pfn operator[](uint64_t index) const { return contiguous_ ? first_ + index : array_[index]; }

  // Maps all of them at `address`, over what is reserved there.
  Status MapAt(uintptr_t address, os::Protection protection) const;
  // The system address at which they are without any mapping; zero where they have none (scattered frames).
  uintptr_t DirectAddress() const;

 private:
  const Pfn* array_;
  uint64_t count_;
  Pfn first_ = 0;
  bool contiguous_ = false;
};

// Writes the frame array.
void SetContiguousFrames(PMDL mdl, Pfn first, uint64_t count);
// The array, to be written by the caller.
Pfn* BeginScatteredFrames(PMDL mdl);

}  // namespace ring3::mm
