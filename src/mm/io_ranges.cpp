// SPDX-License-Identifier: MIT
#include "mm/io_ranges.h"

#include "mm/io_space.h"
#include "mm/state.h"
#include "ntstatus.h"

namespace ring3::mm {

Status IoRanges::Register(Pfn first, uint64_t count, uint64_t device_area_offset) {
  SpinLockGuard guard(lock_);
  auto next = ranges_.lower_bound(first + count);
  if (next != ranges_.begin()) {
    auto previous = std::prev(next);
    const Pfn end = previous->first + previous->second.page_count;
    if (previous->first <= first && first + count <= end) return STATUS_SUCCESS;
    if (end > first) return STATUS_CONFLICTING_ADDRESSES;
  }
  const uint64_t bytes = count * kPageBytes;
  if (bytes > kDeviceBytes - used_bytes_) return STATUS_INSUFFICIENT_RESOURCES;
  ranges_.emplace(first, Range{count, device_area_offset + used_bytes_});
  used_bytes_ += bytes;
  return STATUS_SUCCESS;
}

bool IoRanges::OffsetOf(Pfn first, uint64_t count, uint64_t* offset) {
  SpinLockGuard guard(lock_);
  auto range = ranges_.upper_bound(first);
  if (range == ranges_.begin()) return false;
  --range;
  if (first + count > range->first + range->second.page_count) return false;
  *offset = range->second.offset + (first - range->first) * kPageBytes;
  return true;
}

void IoRanges::Shutdown() {
  SpinLockGuard guard(lock_);
  ranges_.clear();
  used_bytes_ = 0;
}

Status RegisterIoRange(uint64_t physical_address, uint64_t byte_count) {
  State& state = TheState();
  const Pfn first = physical_address >> kPageShift;
  const uint64_t count = PagesOf((physical_address & (kPageBytes - 1)) + byte_count);
  if (count == 0 || first + count > kUserPfnBase) return STATUS_INVALID_PARAMETER;
  if (state.frames.IsInHole(first, count)) return STATUS_SUCCESS;
  if (first < state.frames.ram_pages()) return STATUS_CONFLICTING_ADDRESSES;
  return state.io.Register(first, count, state.frames.ram_pages() * kPageBytes);
}

void* AddressOfIoRange(uint64_t physical_address, uint64_t byte_count) {
  State& state = TheState();
  const Pfn first = physical_address >> kPageShift;
  const uint64_t count = PagesOf((physical_address & (kPageBytes - 1)) + byte_count);
  uint64_t offset;
  if (state.frames.IsRam(first) || !state.OffsetOfFrames(first, count, &offset)) return nullptr;
  // The direct mapping covers the device area as well.
  return reinterpret_cast<void*>(kSystemBase + offset + (physical_address & (kPageBytes - 1)));
}

}  // namespace ring3::mm
