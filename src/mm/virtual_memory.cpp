// SPDX-License-Identifier: MIT
#include "mm/virtual_memory.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "mm/state.h"
#include "mm/user_memory.h"
#include "ntstatus.h"

namespace ring3::mm {
namespace {

constexpr uint64_t kGranularity = 0x10000;
constexpr ULONG kAllocationTypes =
    MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_RESET_UNDO | MEM_TOP_DOWN | MEM_WRITE_WATCH | MEM_LARGE_PAGES;

uintptr_t RoundDown(uintptr_t address, uint64_t unit) {
  return address & ~(unit - 1);
}

}  // namespace

bool ProtectionOfPage(ULONG protect, os::Protection* protection) {
  const ULONG caching = protect & (PAGE_NOCACHE | PAGE_WRITECOMBINE);
  if (caching == (PAGE_NOCACHE | PAGE_WRITECOMBINE)) return false;
  if (caching != 0 && (protect & (PAGE_GUARD | PAGE_NOACCESS)) != 0) return false;
  switch (protect & ~(PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE)) {
    case PAGE_NOACCESS:
      *protection = os::Protection::kNone;
      break;
    case PAGE_READONLY:
      *protection = os::Protection::kRead;
      break;
    case PAGE_READWRITE:
      *protection = os::Protection::kReadWrite;
      break;
    case PAGE_EXECUTE:
      *protection = os::Protection::kExecute;
      break;
    case PAGE_EXECUTE_READ:
      *protection = os::Protection::kReadExecute;
      break;
    case PAGE_EXECUTE_READWRITE:
      *protection = os::Protection::kReadWriteExecute;
      break;
    default:
      return false;
  }
  if ((protect & PAGE_GUARD) == 0) return true;
  if (*protection == os::Protection::kNone) return false;
  *protection = os::Protection::kNone;
  return true;
}

VirtualMemory::Allocations::iterator VirtualMemory::FindLocked(uintptr_t address, uint64_t byte_count) {
  auto found = allocations_.upper_bound(address);
  if (found == allocations_.begin()) return allocations_.end();
  --found;
  const uint64_t bytes = found->second.page_count * kPageBytes;
  const uint64_t offset = address - found->first;
  return offset < bytes && byte_count <= bytes - offset ? found : allocations_.end();
}

void VirtualMemory::SetRuns(Allocation& allocation, uint64_t first, uint64_t count, ULONG protect) {
  const uint64_t end = first + count;
  std::map<uint64_t, Run> runs;
  auto add = [&runs](uint64_t from, uint64_t to, ULONG run_protect) {
    if (from >= to) return;
    if (!runs.empty() && runs.rbegin()->second.protect == run_protect) {
      runs.rbegin()->second.page_count += to - from;
    } else {
      runs.emplace(from, Run{to - from, run_protect});
    }
  };
  bool placed = false;
  for (const auto& [start, run] : allocation.runs) {
    const uint64_t run_end = start + run.page_count;
    add(start, std::min(run_end, first), run.protect);
    if (!placed && run_end > first) {
      add(first, end, protect);
      placed = true;
    }
    add(std::max(start, end), run_end, run.protect);
  }
  allocation.runs.swap(runs);
}

Status VirtualMemory::ReserveLocked(PEPROCESS process, uintptr_t* base, uint64_t* byte_count,
                                    uint64_t zero_bits, ULONG type, ULONG protect) {
  uintptr_t start;
  uint64_t bytes;
  if (*base != 0) {
    start = RoundDown(*base, kGranularity);
    bytes = PagesOf(*base + *byte_count - start) * kPageBytes;
    if (start == 0 || !IsUserRange(start, bytes)) return STATUS_INVALID_PARAMETER_2;
    RING3_TRY(space_.ReserveAt(start, bytes));
  } else {
    bytes = PagesOf(*byte_count) * kPageBytes;
    const uintptr_t limit = zero_bits == 0 ? kUserLimit : uintptr_t{1} << (32 - zero_bits);
    const auto placement = (type & MEM_TOP_DOWN) != 0 ? os::Placement::kTopDown : os::Placement::kAnywhere;
    start = space_.ReserveAnywhere(bytes, kGranularity, limit, placement);
    if (start == 0) return STATUS_NO_MEMORY;
  }
  // A client may say so for addresses that it has given before.
  if (auto next = allocations_.lower_bound(start);
      FindLocked(start, 1) != allocations_.end() ||
      (next != allocations_.end() && next->first < start + bytes)) {
    return STATUS_CONFLICTING_ADDRESSES;
  }
  Allocation allocation{process, bytes >> kPageShift, protect, false, {}};
  allocation.runs.emplace(0, Run{allocation.page_count, 0});
  allocations_.emplace(start, std::move(allocation));
  *base = start;
  *byte_count = bytes;
  return STATUS_SUCCESS;
}

Status VirtualMemory::CommitLocked(uintptr_t start, uint64_t byte_count, ULONG protect) {
  auto found = FindLocked(start, byte_count);
  if (found == allocations_.end()) return STATUS_CONFLICTING_ADDRESSES;
  Allocation& allocation = found->second;
  os::Protection protection;
  if (!ProtectionOfPage(protect, &protection)) return STATUS_INVALID_PAGE_PROTECTION;
  if (allocation.stale && !TheState().locked.AnyIn(found->first, allocation.page_count * kPageBytes)) {
    for (const auto& [first, run] : allocation.runs) {
      if (run.protect != 0) continue;
      Result<AddressSpace::Decommitted> decommitted =
          space_.Decommit(found->first + first * kPageBytes, run.page_count * kPageBytes);
      if (!decommitted.ok()) return decommitted.status();
    }
    allocation.stale = false;
  }
  const uint64_t first = (start - found->first) >> kPageShift;
  const uint64_t end = first + (byte_count >> kPageShift);
  for (auto run = std::prev(allocation.runs.upper_bound(first));
       run != allocation.runs.end() && run->first < end; ++run) {
    const uint64_t from = std::max(run->first, first);
    const uintptr_t at = found->first + from * kPageBytes;
    const uint64_t bytes = (std::min(run->first + run->second.page_count, end) - from) * kPageBytes;
    RING3_TRY(run->second.protect == 0 ? space_.Commit(at, bytes, protection)
                                       : space_.Protect(at, bytes, protection));
  }
  SetRuns(allocation, first, end - first, protect);
  return STATUS_SUCCESS;
}

Status VirtualMemory::Allocate(PEPROCESS process, uintptr_t* base, uint64_t zero_bits, uint64_t* byte_count,
                               ULONG type, ULONG protect) {
  if (zero_bits > 20) return STATUS_INVALID_PARAMETER_3;
  if (*byte_count == 0 || *byte_count > kUserLimit) return STATUS_INVALID_PARAMETER_4;
  if (*base != 0 && !IsUserRange(*base, *byte_count)) return STATUS_INVALID_PARAMETER_2;
  if ((type & ~kAllocationTypes) != 0) return STATUS_INVALID_PARAMETER_5;
  const bool reset = (type & (MEM_RESET | MEM_RESET_UNDO)) != 0;
  if ((type & (MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_RESET_UNDO)) == 0)
    return STATUS_INVALID_PARAMETER_5;
  if (reset && type != MEM_RESET && type != MEM_RESET_UNDO) return STATUS_INVALID_PARAMETER_5;
  os::Protection ignored;
  if (!ProtectionOfPage(protect, &ignored)) return STATUS_INVALID_PAGE_PROTECTION;

  os::MutexGuard guard(lock_);
  const bool reserve = (type & MEM_RESERVE) != 0 || (*base == 0 && !reset);
  if (reserve) {
    uintptr_t start = *base;
    uint64_t bytes = *byte_count;
    RING3_TRY(ReserveLocked(process, &start, &bytes, zero_bits, type, protect));
    if ((type & MEM_COMMIT) != 0) {
      if (Status status = CommitLocked(start, bytes, protect); !status.ok()) {
        allocations_.erase(start);
        space_.Release(start, bytes);
        return status.status() == STATUS_INSUFFICIENT_RESOURCES ? STATUS_COMMITMENT_LIMIT : status.status();
      }
    }
    *base = start;
    *byte_count = bytes;
    return STATUS_SUCCESS;
  }
  const uintptr_t start = RoundDown(*base, kPageBytes);
  const uint64_t bytes = PagesOf(*base + *byte_count - start) * kPageBytes;
  if (reset) {
    // The contents may go or stay; they stay.
    if (FindLocked(start, bytes) == allocations_.end()) return STATUS_CONFLICTING_ADDRESSES;
  } else {
    if (RefusesLocked(start, bytes, protect)) return STATUS_INVALID_PAGE_PROTECTION;
    const Status status = CommitLocked(start, bytes, protect);
    if (!status.ok())
      return status.status() == STATUS_INSUFFICIENT_RESOURCES ? STATUS_COMMITMENT_LIMIT : status.status();
  }
  *base = start;
  *byte_count = bytes;
  return STATUS_SUCCESS;
}

Status VirtualMemory::Free(PEPROCESS, uintptr_t* base, uint64_t* byte_count, ULONG type) {
  if (type != MEM_DECOMMIT && type != MEM_RELEASE) return STATUS_INVALID_PARAMETER_4;
  const uintptr_t start = RoundDown(*base, kPageBytes);
  if (!IsUserRange(start, std::max<uint64_t>(*byte_count, 1))) return STATUS_INVALID_PARAMETER_2;
  uint64_t bytes = *byte_count == 0 ? 0 : PagesOf(*base + *byte_count - start) * kPageBytes;
  {
    os::MutexGuard guard(lock_);
    auto found = FindLocked(start, 1);
    if (found == allocations_.end()) return STATUS_MEMORY_NOT_ALLOCATED;
    Allocation& allocation = found->second;
    const uint64_t whole = allocation.page_count * kPageBytes;
    if (bytes == 0 && start != found->first) return STATUS_FREE_VM_NOT_AT_BASE;
    if (type == MEM_RELEASE && bytes != 0 && (start != found->first || bytes != whole)) {
      return STATUS_INVALID_PARAMETER_3;
    }
    if (bytes == 0) bytes = whole;
    if (bytes > whole - (start - found->first)) return STATUS_UNABLE_TO_FREE_VM;
    if (RefusesLocked(start, bytes, PAGE_NOACCESS)) return STATUS_INVALID_PAGE_PROTECTION;
    if (type == MEM_RELEASE) {
      allocations_.erase(found);
      space_.Release(start, bytes);
    } else {
      RING3_TRY_ASSIGN(const auto decommitted, space_.Decommit(start, bytes));
      // A driver works on them: they lose their place in the application's view of things only.
      if (decommitted == AddressSpace::Decommitted::kKept) allocation.stale = true;
      SetRuns(allocation, (start - found->first) >> kPageShift, bytes >> kPageShift, 0);
    }
  }
  *base = start;
  *byte_count = bytes;
  return STATUS_SUCCESS;
}

Status VirtualMemory::Protect(uintptr_t* base, uint64_t* byte_count, ULONG protect, ULONG* old_protect) {
  os::Protection protection;
  if (!ProtectionOfPage(protect, &protection)) return STATUS_INVALID_PAGE_PROTECTION;
  if (*byte_count == 0 || !IsUserRange(*base, *byte_count)) return STATUS_INVALID_PARAMETER_2;
  const uintptr_t start = RoundDown(*base, kPageBytes);
  const uint64_t bytes = PagesOf(*base + *byte_count - start) * kPageBytes;
  os::MutexGuard guard(lock_);
  if (RefusesLocked(start, bytes, protect)) return STATUS_INVALID_PAGE_PROTECTION;
  auto found = FindLocked(start, 1);
  if (found == allocations_.end()) {
    RING3_TRY(ProtectOtherLocked(start, bytes, protect, old_protect));
  } else {
    Allocation& allocation = found->second;
    if (FindLocked(start, bytes) == allocations_.end()) return STATUS_CONFLICTING_ADDRESSES;
    const uint64_t first = (start - found->first) >> kPageShift;
    const uint64_t end = first + (bytes >> kPageShift);
    auto run = std::prev(allocation.runs.upper_bound(first));
    *old_protect = run->second.protect;
    for (; run != allocation.runs.end() && run->first < end; ++run) {
      if (run->second.protect == 0) return STATUS_NOT_COMMITTED;
    }
    RING3_TRY(space_.Protect(start, bytes, protection));
    SetRuns(allocation, first, end - first, protect);
  }
  *base = start;
  *byte_count = bytes;
  return STATUS_SUCCESS;
}

void VirtualMemory::ReleaseAll(PEPROCESS process) {
  std::vector<std::pair<uintptr_t, uint64_t>> gone;
  {
    os::MutexGuard guard(lock_);
    for (auto allocation = allocations_.begin(); allocation != allocations_.end();) {
      if (allocation->second.process != process) {
        ++allocation;
        continue;
      }
      gone.emplace_back(allocation->first, allocation->second.page_count * kPageBytes);
      allocation = allocations_.erase(allocation);
    }
    std::erase_if(secured_, [process](const auto& entry) { return entry.second.process == process; });
  }
  for (const auto& [start, bytes] : gone) space_.Release(start, bytes);
}

void VirtualMemory::Shutdown(LeakReport& leaks) {
  os::MutexGuard guard(lock_);
  for (const auto& [start, allocation] : allocations_) {
    char line[112];
    std::snprintf(line, sizeof line, "virtual memory of %llu pages at 0x%llx",
                  static_cast<unsigned long long>(allocation.page_count),
                  static_cast<unsigned long long>(start));
    leaks.Add(line);
    os::Release(start, allocation.page_count * kPageBytes);
  }
  for (const auto& [handle, secured] : secured_) {
    char line[96];
    std::snprintf(line, sizeof line, "secured range at 0x%llx",
                  static_cast<unsigned long long>(secured.start));
    leaks.Add(line);
  }
  allocations_.clear();
  secured_.clear();
}

}  // namespace ring3::mm
