// SPDX-License-Identifier: MIT
#include "mm/user_views.h"

#include <cstdio>
#include <vector>

#include "mm/mdl_frames.h"
#include "mm/state.h"
#include "ntstatus.h"
#include "os/memory.h"

namespace ring3::mm {
namespace {

// As Windows places user mappings.
constexpr uint64_t kGranularity = 0x10000;

}  // namespace

uintptr_t UserViews::ReserveView(uint64_t byte_count) {
  const uintptr_t last = last_unmapped_.exchange(0, std::memory_order_relaxed);
  if (last != 0 && os::ReserveAt(last, byte_count).ok()) return last;
  return os::ReserveAnywhere(byte_count, kGranularity, kUserLimit, os::Placement::kAnywhere);
}

Result<uintptr_t> UserViews::Map(PEPROCESS process, PMDL mdl, uintptr_t requested, Write write,
                                 const void* mapped_by) {
  const MdlFrames frames(mdl);
  if (frames.count() == 0) return STATUS_INVALID_PARAMETER;
  View view{process, mdl,      frames.count(), frames[0], frames.contiguous(), write == Write::kAllowed,
            false,   mapped_by};
  uintptr_t address;
  if (IsUserPfn(frames[0])) {
    // Embedded, the application's own pages cannot be mapped a second time; they are there already.
    if (!view.contiguous || requested != 0 || !view.writable) return STATUS_NOT_SUPPORTED;
    view.aliases_user = true;
    address = UserAddressOfPfn(frames[0]);
  } else {
    const uint64_t bytes = frames.count() * kPageBytes;
    if (requested != 0) {
      address = requested & ~(kPageBytes - 1);
      if (!IsUserRange(address, bytes)) return STATUS_INVALID_ADDRESS;
      RING3_TRY(os::ReserveAt(address, bytes));
    } else {
      address = ReserveView(bytes);
      if (address == 0) return STATUS_INSUFFICIENT_RESOURCES;
    }
    const auto protection = view.writable ? os::Protection::kReadWrite : os::Protection::kRead;
    if (Status status = frames.MapAt(address, protection); !status.ok()) {
      os::Release(address, bytes);
      return status.status();
    }
  }
  SpinLockGuard guard(lock_);
  views_.emplace(address, view);
  return address;
}

Status UserViews::Unmap(PEPROCESS process, PMDL mdl, uintptr_t address) {
  const uintptr_t page = address & ~(kPageBytes - 1);
  View view;
  {
    SpinLockGuard guard(lock_);
    auto [first, last] = views_.equal_range(page);
    while (first != last && (first->second.process != process || first->second.mdl != mdl)) ++first;
    if (first == last) return STATUS_NOT_MAPPED_VIEW;
    view = first->second;
    views_.erase(first);
  }
  if (view.aliases_user) return STATUS_SUCCESS;
  TheState().locked.Unmap(page, view.page_count * kPageBytes);
  if (page % kGranularity == 0) last_unmapped_.store(page, std::memory_order_relaxed);
  return STATUS_SUCCESS;
}

void UserViews::UnmapAll(PEPROCESS process) {
  std::vector<std::pair<uintptr_t, View>> gone;
  {
    SpinLockGuard guard(lock_);
    for (auto view = views_.begin(); view != views_.end();) {
      if (view->second.process != process) {
        ++view;
        continue;
      }
      gone.emplace_back(view->first, view->second);
      view = views_.erase(view);
    }
  }
  for (const auto& [address, view] : gone) {
    if (!view.aliases_user) TheState().locked.Unmap(address, view.page_count * kPageBytes);
  }
}

size_t UserViews::CountOf(PEPROCESS process) {
  SpinLockGuard guard(lock_);
  size_t count = 0;
  for (const auto& [address, view] : views_) count += view.process == process ? 1 : 0;
  return count;
}

bool UserViews::AnyOf(PMDL mdl) {
  SpinLockGuard guard(lock_);
  for (const auto& [address, view] : views_) {
    if (view.mdl == mdl) return true;
  }
  return false;
}

bool UserViews::Find(uintptr_t address, View* view, uintptr_t* start) {
  SpinLockGuard guard(lock_);
  auto found = views_.upper_bound(address);
  if (found == views_.begin()) return false;
  --found;
  if (address >= found->first + found->second.page_count * kPageBytes || found->second.aliases_user)
    return false;
  *view = found->second;
  *start = found->first;
  return true;
}

void UserViews::Shutdown(LeakReport& leaks) {
  std::multimap<uintptr_t, View> left;
  {
    SpinLockGuard guard(lock_);
    left.swap(views_);
  }
  for (const auto& [address, view] : left) {
    char line[128];
    std::snprintf(line, sizeof line, "user mapping of %llu pages at 0x%llx, made by %p",
                  static_cast<unsigned long long>(view.page_count), static_cast<unsigned long long>(address),
                  view.mapped_by);
    leaks.Add(line);
    if (!view.aliases_user) os::Release(address, view.page_count * kPageBytes);
  }
}

}  // namespace ring3::mm
