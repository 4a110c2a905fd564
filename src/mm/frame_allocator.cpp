// SPDX-License-Identifier: MIT
#include "mm/frame_allocator.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/fault_injection.h"
#include "mm/poison.h"
#include "mm/state.h"
#include "ntstatus.h"

namespace ring3::mm {
namespace {

constexpr Pfn kPageOfIsaHole = 0xA0000 >> kPageShift;
constexpr Pfn kPageOf1MiB = 0x100000 >> kPageShift;
constexpr Pfn kPageOf16MiB = 0x1000000 >> kPageShift;
constexpr Pfn kPageOf3GiB = 3 * kGiB >> kPageShift;
constexpr Pfn kPageOf4GiB = 4 * kGiB >> kPageShift;

// Freed runs of at least this many frames go back to Linux.
constexpr uint64_t kPunchPages = 64;

}  // namespace

Status FrameAllocator::Initialize(uint64_t ram_bytes) {
  ram_pages_ = std::min(ram_bytes, kMostRamBytes - kDeviceBytes) >> kPageShift;
  // Smaller machines have their hole too: the addresses below 4 GiB always mean the same.
  ram_pages_ = std::max<uint64_t>(ram_pages_, kPageOf4GiB);
  RING3_TRY(memory_.Create("ring3-ram", (ram_pages_ << kPageShift) + kDeviceBytes));
  RING3_TRY(
      memory_.MapAt(kSystemBase, (ram_pages_ << kPageShift) + kDeviceBytes, 0, os::Protection::kReadWrite));
  // One bit per frame, in the reservation, so that what is never used is never touched.
  const uint64_t bitmap_bytes = PagesOf((ram_pages_ + 63) / 64 * 8) * kPageBytes;
  RING3_TRY(os::Protect(kFrameBitmapBase, bitmap_bytes, os::Protection::kReadWrite));
  dirty_ = reinterpret_cast<std::atomic<uint64_t>*>(kFrameBitmapBase);  // NOLINT(performance-no-int-to-ptr)
  SpinLockGuard guard(lock_);
  // Frame zero is nobody's: a physical address of zero should stay suspicious.
  free_.Free(1, kPageOfIsaHole - 1);
  free_.Free(kPageOf1MiB, kPageOf3GiB - kPageOf1MiB);
  if (ram_pages_ > kPageOf4GiB) free_.Free(kPageOf4GiB, ram_pages_ - kPageOf4GiB);
  usable_pages_ = free_.free_count();
  return STATUS_SUCCESS;
}

void FrameAllocator::Shutdown() {
  if (ram_pages_ == 0) return;
  // Fails for want of memory only, and then what stays mapped is replaced by the next boot.
  (void)os::Decommit(kSystemBase, (ram_pages_ << kPageShift) + kDeviceBytes).ok();
  (void)os::Decommit(kFrameBitmapBase, PagesOf((ram_pages_ + 63) / 64 * 8) * kPageBytes).ok();
  memory_.Close();
  SpinLockGuard guard(lock_);
  free_ = {};
  protected_ = {};
  protected_count_ = 0;
  ram_pages_ = 0;
}

bool FrameAllocator::AllocateLocked(const ExtentRequest& request, Pfn* first) {
  // From the least wanted frames down to the most wanted.
  static constexpr Pfn kZones[] = {kPageOf4GiB, kPageOf16MiB, 0};
  Pfn zone_end = ~uint64_t{0};
  for (Pfn zone : kZones) {
    ExtentRequest part = request;
    part.lowest = std::max(request.lowest, zone);
    part.highest = std::min(request.highest, zone_end);
    if (part.lowest <= part.highest && free_.Allocate(part, first)) return true;
    if (zone != 0) zone_end = zone - 1;
  }
  // Across the zones' borders.
  return free_.Allocate(request, first);
}

bool FrameAllocator::Allocate(const ExtentRequest& request, PageContents contents, Pfn* first) {
  if (ShouldFail("frames")) return false;
  {
    SpinLockGuard guard(lock_);
    if (!AllocateLocked(request, first)) return false;
  }
  Unpoison(RamAddressOfPfn(*first), request.count << kPageShift);
  if (contents == PageContents::kZeroed) MakeZero(*first, request.count);
  return true;
}

void FrameAllocator::Free(Pfn first, uint64_t count) {
  if (protected_count_.load(std::memory_order_relaxed) != 0) {
    (void)Protect(first, count, os::Protection::kReadWrite).ok();
  }
  Unpoison(RamAddressOfPfn(first), count << kPageShift);
  // Applications may still see them: better lost than given out again.
  if (!TheState().shared_frames.Restore(first, count)) return;
  if (count >= kPunchPages) {
    memory_.Punch(first << kPageShift, count << kPageShift);
    for (Pfn pfn = first; pfn < first + count;) {
      const uint64_t bits = std::min<uint64_t>(64 - pfn % 64, first + count - pfn);
      const uint64_t mask = (bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1) << (pfn % 64);
      if ((dirty_[pfn / 64].load(std::memory_order_relaxed) & mask) != 0) dirty_[pfn / 64].fetch_and(~mask);
      pfn += bits;
    }
  } else {
    MarkDirty(first, count);
  }
  SpinLockGuard guard(lock_);
  free_.Free(first, count);
}

bool FrameAllocator::IsDirty(Pfn pfn) const {
  return (dirty_[pfn / 64].load(std::memory_order_relaxed) >> (pfn % 64) & 1) != 0;
}

void FrameAllocator::MarkDirty(Pfn first, uint64_t count) {
  for (Pfn pfn = first; pfn < first + count; ++pfn) dirty_[pfn / 64].fetch_or(uint64_t{1} << (pfn % 64));
}

void FrameAllocator::MakeZero(Pfn first, uint64_t count) {
  for (Pfn pfn = first; pfn < first + count; ++pfn) {
    if (pfn % 64 == 0 && dirty_[pfn / 64].load(std::memory_order_relaxed) == 0) {
      pfn += 63;
      continue;
    }
    if (IsDirty(pfn)) std::memset(reinterpret_cast<void*>(RamAddressOfPfn(pfn)), 0, kPageBytes);
  }
}

bool FrameAllocator::IsAllocated(Pfn first, uint64_t count) {
  if (count == 0) return true;
  const Pfn last = first + count - 1;
  if (last < first || last >= ram_pages_ || first == 0) return false;
  if (first < kPageOf1MiB && last >= kPageOfIsaHole) return false;
  if (first < kPageOf4GiB && last >= kPageOf3GiB) return false;
  SpinLockGuard guard(lock_);
  return !free_.Overlaps(first, count);
}

bool FrameAllocator::IsRam(Pfn pfn) const {
  return pfn < ram_pages_ && !IsInHole(pfn, 1);
}

bool FrameAllocator::IsInHole(Pfn first, uint64_t count) const {
  const Pfn end = first + count;
  return (first >= kPageOfIsaHole && end <= kPageOf1MiB) || (first >= kPageOf3GiB && end <= kPageOf4GiB);
}

uint64_t FrameAllocator::allocated_pages() {
  SpinLockGuard guard(lock_);
  return usable_pages_ - free_.free_count();
}

Status FrameAllocator::Protect(Pfn first, uint64_t count, os::Protection protection) {
  MappingScope scope(TheState().shared_frames.gate());
  if (protection == os::Protection::kReadWrite) {
    SpinLockGuard guard(lock_);
    if (!protected_.Overlaps(first, count)) return STATUS_SUCCESS;
    protected_.Remove(first, count);
    protected_count_ = protected_.free_count();
  } else {
    SpinLockGuard guard(lock_);
    protected_.Remove(first, count);
    protected_.Free(first, count);
    protected_count_ = protected_.free_count();
  }
  return os::Protect(RamAddressOfPfn(first), count << kPageShift, protection);
}

}  // namespace ring3::mm
