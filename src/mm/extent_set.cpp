// SPDX-License-Identifier: MIT
#include "mm/extent_set.h"

#include <algorithm>

namespace ring3::mm {
namespace {

// The first start >= `start` that suits alignment and boundary.
uint64_t Suit(uint64_t start, const ExtentRequest& request) {
  start = (start + request.alignment - 1) & ~(request.alignment - 1);
  if (request.boundary != 0 && (start ^ (start + request.count - 1)) >= request.boundary) {
    start = (start + request.boundary - 1) & ~(request.boundary - 1);
    start = (start + request.alignment - 1) & ~(request.alignment - 1);
  }
  return start;
}

}  // namespace

bool ExtentSet::Allocate(const ExtentRequest& request, uint64_t* first) {
  if (request.count == 0 || request.count > free_count_) return false;
  if (request.boundary != 0 && request.count > request.boundary) return false;
  auto extent = free_.upper_bound(request.lowest);
  if (extent != free_.begin()) --extent;
  for (; extent != free_.end() && extent->first <= request.highest; ++extent) {
    const uint64_t start = Suit(std::max(extent->first, request.lowest), request);
    const uint64_t end = extent->first + extent->second;
    if (start >= end || end - start < request.count) continue;
    if (start + request.count - 1 > request.highest) continue;
    Take(extent, start, request.count);
    *first = start;
    return true;
  }
  return false;
}

void ExtentSet::Take(std::map<uint64_t, uint64_t>::iterator extent, uint64_t first, uint64_t count) {
  const uint64_t extent_first = extent->first;
  const uint64_t extent_end = extent_first + extent->second;
  if (first == extent_first) {
    free_.erase(extent);
  } else {
    extent->second = first - extent_first;
  }
  if (first + count < extent_end) free_.emplace(first + count, extent_end - first - count);
  free_count_ -= count;
}

void ExtentSet::Free(uint64_t first, uint64_t count) {
  if (count == 0) return;
  free_count_ += count;
  auto next = free_.upper_bound(first);
  if (next != free_.begin()) {
    auto previous = std::prev(next);
    if (previous->first + previous->second == first) {
      first = previous->first;
      count += previous->second;
      free_.erase(previous);
    }
  }
  if (next != free_.end() && first + count == next->first) {
    count += next->second;
    next = free_.erase(next);
  }
  free_.emplace_hint(next, first, count);
}

void ExtentSet::Remove(uint64_t first, uint64_t count) {
  const uint64_t end = first + count;
  auto extent = free_.upper_bound(first);
  if (extent != free_.begin()) --extent;
  while (extent != free_.end() && extent->first < end) {
    const uint64_t low = std::max(first, extent->first);
    const uint64_t high = std::min(end, extent->first + extent->second);
    auto current = extent++;
    if (low < high) Take(current, low, high - low);
  }
}

bool ExtentSet::Overlaps(uint64_t first, uint64_t count) const {
  if (count == 0) return false;
  auto extent = free_.lower_bound(first + count);
  if (extent == free_.begin()) return false;
  --extent;
  return extent->first + extent->second > first;
}

}  // namespace ring3::mm
