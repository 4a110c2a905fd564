// SPDX-License-Identifier: MIT
#include "mm/page_runs.h"

#include <algorithm>

#include "mm/mdl_frames.h"
#include "mm/state.h"
#include "ntstatus.h"

namespace ring3::mm {

uint64_t CountOf(const PageRuns& runs) {
  uint64_t count = 0;
  for (const PageRun& run : runs) count += run.count;
  return count;
}

Result<PageRuns> RunsOf(const MdlFrames& frames) {
  PageRuns runs;
  for (uint64_t i = 0; i < frames.count();) {
    const Pfn first = frames[i];
    uint64_t count = 1;
    if (frames.contiguous()) {
      count = frames.count();
    } else {
      while (i + count < frames.count() && frames[i + count] == first + count) ++count;
    }
    if (first >= kUserPfnBase) return STATUS_NOT_SUPPORTED;
    uint64_t offset;
    if (!TheState().OffsetOfFrames(first, count, &offset)) return STATUS_INVALID_ADDRESS;
    runs.push_back({offset >> kPageShift, first, count});
    i += count;
  }
  return runs;
}

PageRuns Sorted(const PageRuns& runs) {
  PageRuns sorted = runs;
  std::ranges::sort(sorted, {}, &PageRun::page);
  PageRuns merged;
  for (PageRun run : sorted) {
    if (merged.empty()) {
      merged.push_back(run);
      continue;
    }
    PageRun& last = merged.back();
    const uint64_t end = last.page + last.count;
    if (run.page < end) {
      const uint64_t skip = std::min(end - run.page, run.count);
      run = {run.page + skip, run.pfn + skip, run.count - skip};
    }
    if (run.count == 0) continue;
    if (run.page == end && run.pfn == last.pfn + last.count) {
      last.count += run.count;
    } else {
      merged.push_back(run);
    }
  }
  return merged;
}

bool Overlap(const PageRuns& a, const PageRuns& b) {
  for (auto x = a.begin(), y = b.begin(); x != a.end() && y != b.end();) {
    if (x->page + x->count <= y->page) {
      ++x;
    } else if (y->page + y->count <= x->page) {
      ++y;
    } else {
      return true;
    }
  }
  return false;
}

PageRuns Common(const PageRun& run, const PageRuns& sorted) {
  PageRuns common;
  const uint64_t end = run.page + run.count;
  auto at = std::ranges::upper_bound(sorted, run.page, {}, &PageRun::page);
  if (at != sorted.begin()) --at;
  for (; at != sorted.end() && at->page < end; ++at) {
    const uint64_t first = std::max(at->page, run.page);
    const uint64_t last = std::min(at->page + at->count, end);
    if (first < last) common.push_back({first, run.pfn + (first - run.page), last - first});
  }
  return common;
}

}  // namespace ring3::mm
