// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "mm/layout.h"

namespace ring3::mm {

class MdlFrames;

// Consecutive frames of simulated RAM or device memory. `page` counts from kSystemBase: where they are in the
// direct mapping, and in RAM's memory object. For RAM that is the frame number.
struct PageRun {
  uint64_t page;
  Pfn pfn;
  uint64_t count;

  uintptr_t address() const { return kSystemBase + page * kPageBytes; }
};

using PageRuns = std::vector<PageRun>;

uint64_t CountOf(const PageRuns& runs);
// The frames of an MDL, in its order. STATUS_NOT_SUPPORTED where one is an application's,
// STATUS_INVALID_ADDRESS where it is nobody's.
Result<PageRuns> RunsOf(const MdlFrames& frames);
// The same pages in ascending order, each once.
PageRuns Sorted(const PageRuns& runs);
// Of sorted runs.
bool Overlap(const PageRuns& a, const PageRuns& b);
// The pages of `run` that are in `sorted` too.
PageRuns Common(const PageRun& run, const PageRuns& sorted);

}  // namespace ring3::mm
