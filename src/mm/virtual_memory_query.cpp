// SPDX-License-Identifier: MIT
// VirtualMemory: secured ranges, and memory that Linux mapped without being asked by us.
#include <algorithm>

#include "mm/state.h"
#include "mm/user_memory.h"
#include "mm/virtual_memory.h"
#include "ntstatus.h"

namespace ring3::mm {
namespace {

ULONG PageProtectionOf(const os::Region& region) {
  if (region.executable) {
    return region.writable ? PAGE_EXECUTE_READWRITE : region.readable ? PAGE_EXECUTE_READ : PAGE_EXECUTE;
  }
  return region.writable ? PAGE_READWRITE : region.readable ? PAGE_READONLY : PAGE_NOACCESS;
}

bool IsReadable(ULONG protect) {
  return (protect & (PAGE_NOACCESS | PAGE_EXECUTE | PAGE_GUARD)) == 0;
}
bool IsWritable(ULONG protect) {
  return (protect & PAGE_GUARD) == 0 && (protect & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) != 0;
}

}  // namespace

bool VirtualMemory::RefusesLocked(uintptr_t start, uint64_t byte_count, ULONG protect) {
  return std::any_of(secured_.begin(), secured_.end(), [&](const auto& entry) {
    const Secured& secured = entry.second;
    if (secured.start >= start + byte_count || start >= secured.start + secured.byte_count) return false;
    if ((secured.flags & MM_SECURE_NO_CHANGE) != 0) return true;
    return secured.probe_mode == PAGE_READONLY ? !IsReadable(protect) : !IsWritable(protect);
  });
}

HANDLE VirtualMemory::Secure(PEPROCESS process, uintptr_t start, uint64_t byte_count, ULONG probe_mode,
                             ULONG flags) {
  if (byte_count == 0 || (probe_mode != PAGE_READONLY && probe_mode != PAGE_READWRITE)) return nullptr;
  const auto access = probe_mode == PAGE_READWRITE ? Access::kWrite : Access::kRead;
  if (!IsUserRange(start, byte_count)) return nullptr;
  os::MutexGuard guard(lock_);
  if (!space_.Grants(start, start + byte_count, access)) return nullptr;
  for (const auto& [handle, secured] : secured_) {
    const bool overlaps = secured.start < start + byte_count && start < secured.start + secured.byte_count;
    if (overlaps && ((flags | secured.flags) & MM_SECURE_EXCLUSIVE) != 0) return nullptr;
  }
  const uintptr_t handle = next_handle_;
  next_handle_ += 16;
  secured_.emplace(handle, Secured{process, start, byte_count, probe_mode, flags});
  return reinterpret_cast<HANDLE>(handle);
}

bool VirtualMemory::Unsecure(PEPROCESS process, HANDLE handle) {
  os::MutexGuard guard(lock_);
  auto found = secured_.find(reinterpret_cast<uintptr_t>(handle));
  if (found == secured_.end() || found->second.process != process) return false;
  secured_.erase(found);
  return true;
}

Status VirtualMemory::ProtectOtherLocked(uintptr_t start, uint64_t byte_count, ULONG protect,
                                         ULONG* old_protect) {
  os::Protection protection;
  if (!ProtectionOfPage(protect, &protection)) return STATUS_INVALID_PAGE_PROTECTION;
  os::Region region;
  if (!space_.Find(start, &region)) return STATUS_CONFLICTING_ADDRESSES;
  *old_protect = PageProtectionOf(region);
  UserViews::View view;
  uintptr_t view_start;
  if (space_.views().Find(start, &view, &view_start)) {
    // A driver's memory is never executable for the application, and no more writable than the driver wanted.
    const bool executes = (protect & (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE)) != 0;
    if (executes || (IsWritable(protect) && !view.writable)) return STATUS_INVALID_PAGE_PROTECTION;
  }
  for (uintptr_t at = start; at < start + byte_count; at = region.end) {
    if (!space_.Find(at, &region)) return STATUS_CONFLICTING_ADDRESSES;
  }
  return space_.Protect(start, byte_count, protection);
}

Status VirtualMemory::Query(uintptr_t address, MEMORY_BASIC_INFORMATION* information) {
  *information = {};
  const uintptr_t page = address & ~(kPageBytes - 1);
  if (page >= kUserLimit) return STATUS_INVALID_PARAMETER;
  information->BaseAddress = reinterpret_cast<PVOID>(page);
  auto fill = [information](uintptr_t base, uint64_t bytes, ULONG state, ULONG protect, ULONG type) {
    information->AllocationBase = reinterpret_cast<PVOID>(base);
    information->RegionSize = bytes;
    information->State = state;
    information->Protect = protect;
    information->Type = type;
  };
  if (IsSystemAddress(page)) {
    // One opaque block, so that an application that walks its memory gets past it.
    fill(kSystemBase, kSystemBase + kSystemBytes - page, MEM_RESERVE, 0, MEM_PRIVATE);
    information->AllocationProtect = PAGE_NOACCESS;
    return STATUS_SUCCESS;
  }
  {
    os::MutexGuard guard(lock_);
    if (auto found = FindLocked(page, 1); found != allocations_.end()) {
      const uint64_t index = (page - found->first) >> kPageShift;
      const auto run = std::prev(found->second.runs.upper_bound(index));
      const uint64_t left = run->first + run->second.page_count - index;
      const ULONG protect = run->second.protect;
      fill(found->first, left * kPageBytes, protect == 0 ? MEM_RESERVE : MEM_COMMIT, protect, MEM_PRIVATE);
      information->AllocationProtect = found->second.protect;
      return STATUS_SUCCESS;
    }
  }
  os::Region region;
  if (!space_.FindOrNext(page, &region) || region.start > page) {
    uintptr_t end = region.start > page ? std::min(region.start, kUserLimit) : kUserLimit;
    if (page < kSystemBase) end = std::min(end, kSystemBase);
    fill(0, end - page, MEM_FREE, PAGE_NOACCESS, 0);
    return STATUS_SUCCESS;
  }
  const ULONG type = region.shared ? MEM_MAPPED : region.has_file ? MEM_IMAGE : MEM_PRIVATE;
  const ULONG protect = PageProtectionOf(region);
  UserViews::View view;
  uintptr_t start = region.start;
  uintptr_t end = region.end;
  if (space_.views().Find(page, &view, &start)) end = std::min(end, start + view.page_count * kPageBytes);
  fill(start, std::min(end, kUserLimit) - page, protect == PAGE_NOACCESS ? MEM_RESERVE : MEM_COMMIT,
       protect == PAGE_NOACCESS ? 0 : protect, type);
  information->AllocationProtect = protect;
  return STATUS_SUCCESS;
}

}  // namespace ring3::mm
