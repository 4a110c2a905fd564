// SPDX-License-Identifier: MIT
#include "mm/view_space.h"

#include <cstdio>

#include "base/fault_injection.h"
#include "mm/state.h"
#include "ntstatus.h"
#include "os/stack_trace.h"

namespace ring3::mm {

void ViewSpace::Initialize() {
  SpinLockGuard guard(lock_);
  free_ = {};
  free_.Free(1, (kViewsBytes >> kPageShift) - 1);
}

void ViewSpace::Shutdown(LeakReport& leaks) {
  std::map<uintptr_t, View> left;
  {
    SpinLockGuard guard(lock_);
    left.swap(views_);
    free_ = {};
  }
  for (const auto& [address, view] : left) {
    static constexpr const char* kNames[] = {"MDL mapping", "mapping address", "I/O space mapping"};
    char line[112];
    std::snprintf(line, sizeof line, "%s of %llu pages at 0x%llx, made by ",
                  kNames[static_cast<int>(view.use)], static_cast<unsigned long long>(view.page_count),
                  static_cast<unsigned long long>(address));
    leaks.Add(line + os::DescribeCaller(view.owner));
    (void)os::Decommit(address, view.page_count * kPageBytes).ok();
  }
}

uintptr_t ViewSpace::Reserve(const View& view) {
  if (ShouldFail("views")) return 0;
  SpinLockGuard guard(lock_);
  uint64_t page;
  if (!free_.Allocate({.count = view.page_count + 1}, &page)) return 0;
  const uintptr_t address = kViewsBase + page * kPageBytes;
  views_.emplace(address, view);
  return address;
}

void ViewSpace::Release(uintptr_t address) {
  View view;
  if (!Find(address, &view)) return;
  // Where Linux refuses, the old mapping stays until the addresses are used again; they are given back all
  // the same.
  Unmap(address, view.page_count);
  SpinLockGuard guard(lock_);
  views_.erase(address);
  free_.Free((address - kViewsBase) >> kPageShift, view.page_count + 1);
}

void ViewSpace::Unmap(uintptr_t address, uint64_t page_count) {
  MappingScope scope(TheState().shared_frames.gate());
  (void)os::Decommit(address, page_count * kPageBytes).ok();
}

bool ViewSpace::Find(uintptr_t address, View* view) {
  SpinLockGuard guard(lock_);
  auto found = views_.find(address);
  if (found == views_.end()) return false;
  *view = found->second;
  return true;
}

bool ViewSpace::FindContaining(uintptr_t address, View* view, uintptr_t* start) {
  SpinLockGuard guard(lock_);
  auto found = views_.upper_bound(address);
  if (found == views_.begin()) return false;
  --found;
  if (address >= found->first + found->second.page_count * kPageBytes) return false;
  *view = found->second;
  *start = found->first;
  return true;
}

void ViewSpace::SetMapped(uintptr_t address, PMDL mdl, uint64_t mapped_pages) {
  SpinLockGuard guard(lock_);
  auto found = views_.find(address);
  if (found == views_.end()) return;
  found->second.mdl = mdl;
  found->second.mapped_pages = mapped_pages;
}

bool ViewSpace::AnyIoSpace(Pfn first, uint64_t count) {
  SpinLockGuard guard(lock_);
  for (const auto& [address, view] : views_) {
    if (view.use != Use::kIoSpace) continue;
    if (view.io_first < first + count && first < view.io_first + view.page_count) return true;
  }
  return false;
}

Status ViewSpace::MapFrames(uintptr_t address, const Pfn* frames, uint64_t count, os::Protection protection) {
  for (uint64_t i = 0; i < count;) {
    uint64_t run = 1;
    while (i + run < count && frames[i + run] == frames[i] + run) ++run;
    RING3_TRY(MapRun(address + i * kPageBytes, frames[i], run, protection));
    i += run;
  }
  return STATUS_SUCCESS;
}

Status MapRun(uintptr_t address, Pfn first, uint64_t count, os::Protection protection) {
  if (IsClientPfn(first)) {
    if (!IsClientPfn(first + count - 1)) return STATUS_INVALID_ADDRESS;
    RING3_TRY(os::MapAgain(AddressOfClientPfn(first), address, count * kPageBytes));
    if (protection == os::Protection::kReadWrite) return STATUS_SUCCESS;
    return os::Protect(address, count * kPageBytes, protection);
  }
  uint64_t offset;
  if (!TheState().OffsetOfFrames(first, count, &offset)) return STATUS_INVALID_ADDRESS;
  return TheState().shared_frames.MapAt(address, offset >> kPageShift, count, protection);
}

}  // namespace ring3::mm
