// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>

namespace ring3::mm {

// What an allocation of consecutive units (frames, or pages of a view area) has to satisfy.
struct ExtentRequest {
  uint64_t count;
  uint64_t lowest = 0;              // first unit that will do
  uint64_t highest = ~uint64_t{0};  // last unit that will do
  uint64_t boundary = 0;            // a multiple of it is not crossed; zero: no such limit. A power of two.
  uint64_t alignment = 1;           // a power of two
};

// The free units of an area, as disjoint, coalesced extents. First fit. Not synchronised.
class ExtentSet {
 public:
  void Clear() { free_.clear(); }

  // Takes the first fit; false: none.
  bool Allocate(const ExtentRequest& request, uint64_t* first);
  // The units must not be in the set.
  void Free(uint64_t first, uint64_t count);
  // Removes the part of [first, +count) that is in the set.
  void Remove(uint64_t first, uint64_t count);
  // Whether any unit of [first, +count) is in the set.
  bool Overlaps(uint64_t first, uint64_t count) const;

  uint64_t free_count() const { return free_count_; }

  // Calls `visit(first, count)` for what of the set lies in [first, +count), in rising order. The set must
  // not be changed meanwhile.
  template <typename Visit>
  void ForEachIn(uint64_t first, uint64_t count, Visit visit) const {
    const uint64_t end = first + count;
    auto extent = free_.upper_bound(first);
    if (extent != free_.begin()) --extent;
    for (; extent != free_.end() && extent->first < end; ++extent) {
      const uint64_t low = extent->first > first ? extent->first : first;
      const uint64_t high = extent->first + extent->second < end ? extent->first + extent->second : end;
      if (low < high) visit(low, high - low);
    }
  }
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [first, count] : free_) visit(first, count);
  }

 private:
  void Take(std::map<uint64_t, uint64_t>::iterator extent, uint64_t first, uint64_t count);

  std::map<uint64_t, uint64_t> free_;  // first unit → count
  uint64_t free_count_ = 0;
};

}  // namespace ring3::mm
