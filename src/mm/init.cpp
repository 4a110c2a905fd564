// SPDX-License-Identifier: MIT
#include "mm/init.h"

#include <cstdio>

#include "mm/locked_pages.h"
#include "mm/state.h"
#include "mm/system_pages.h"
#include "mm/user_unmap.h"
#include "mm/user_window.h"
#include "ntstatus.h"
#include "os/fault_handler.h"
#include "os/stack_trace.h"

namespace ring3::mm {

State* g_state = nullptr;

namespace {

bool OnFault(const os::MemoryFault& fault) {
  return g_state != nullptr && g_state->mdl_arena.OnFault(fault.address);
}

void ReportClientSpaces(LeakReport& leaks) {
  std::vector<std::unique_ptr<AddressSpace>> left;
  {
    SpinLockGuard guard(g_state->client_spaces_lock);
    left.swap(g_state->client_spaces);
  }
  for (const auto& space : left) {
    leaks.Add("address space of a client");
    space->views().Shutdown(leaks);
  }
}

Status BringUp(const BootOptions& options) {
  RING3_TRY(os::ReserveAt(kSystemBase, kSystemBytes));
  // Embedded, the application's heap is what drivers lock: free() must not unmap it behind our back.
  os::KeepFreedMemoryMapped();
  RING3_TRY(g_state->frames.Initialize(options.ram_byte_count));
  RING3_TRY(g_state->shared_frames.Initialize(g_state->frames.memory()));
  RING3_TRY(g_state->local_space.Initialize());
  g_state->views.Initialize();
  g_state->mdl_cache.Initialize();
  return os::AddMemoryFaultHook(OnFault) ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

}  // namespace

Status Initialize(const BootOptions& options) {
  g_state = new State;
  const Status status = BringUp(options);
  if (status.ok()) {
    AcceptUserUnmaps(g_state->locked);
    return status;
  }
  const bool reserved = status.status() != STATUS_CONFLICTING_ADDRESSES;
  delete g_state;
  g_state = nullptr;
  if (reserved) os::Release(kSystemBase, kSystemBytes);
  return status;
}

void Shutdown(LeakReport& leaks) {
  if (g_state == nullptr) return;
  StopUserWindow(leaks);
  ReportClientSpaces(leaks);
  g_state->local_space.views().Shutdown(leaks);
  g_state->local_space.virtual_memory().Shutdown(leaks);
  RefuseUserUnmaps();
  g_state->locked.Shutdown(leaks);
  g_state->blocks.Shutdown(leaks);
  g_state->mdl_cache.Shutdown(leaks);
  g_state->mdl_arena.Shutdown(leaks);
  os::RemoveMemoryFaultHook(OnFault);
  g_state->views.Shutdown(leaks);
  g_state->io.Shutdown();
  g_state->shared_frames.Shutdown();
  g_state->frames.Shutdown();
  delete g_state;
  g_state = nullptr;
  os::Release(kSystemBase, kSystemBytes);
}

bool State::OffsetOfFrames(Pfn first, uint64_t count, uint64_t* offset) {
  if (first + count <= frames.ram_pages()) {
    *offset = first << kPageShift;
    return true;
  }
  return io.OffsetOf(first, count, offset);
}

bool State::FrameOfSystemAddress(uintptr_t address, Pfn* pfn) {
  if (address - kSystemBase < frames.ram_pages() * kPageBytes) {
    *pfn = (address - kSystemBase) >> kPageShift;
    return frames.IsAllocated(*pfn, 1) || !frames.IsRam(*pfn);
  }
  if (IsClientFrameAddress(address)) {
    *pfn = ClientPfnOfAddress(address);
    return client_window.IsMapped(*pfn, 1);
  }
  if (!ViewSpace::Contains(address)) return false;
  ViewSpace::View view;
  uintptr_t start;
  if (!views.FindContaining(address, &view, &start)) return false;
  const uint64_t index = (address - start) >> kPageShift;
  if (index >= view.mapped_pages) return false;
  if (view.use == ViewSpace::Use::kIoSpace) {
    *pfn = view.io_first + index;
    return true;
  }
  if (view.mdl == nullptr) return false;
  *pfn = MmGetMdlPfnArray(view.mdl)[index];
  return true;
}

void* AllocateSystemPages(size_t page_count, PageContents contents) {
  Pfn first;
  if (!TheState().frames.Allocate({.count = page_count}, contents, &first)) return nullptr;
  return reinterpret_cast<void*>(RamAddressOfPfn(first));
}

void FreeSystemPages(void* address, size_t page_count) {
  TheState().frames.Free((reinterpret_cast<uintptr_t>(address) - kSystemBase) >> kPageShift, page_count);
}

size_t AllocatedSystemPages() {
  return TheState().frames.allocated_pages();
}

size_t LockedPagesOf(PEPROCESS process) {
  size_t count = 0;
  TheState().locked.ForEach([&](const LockedRange& range) {
    if (range.process == process) count += range.page_count;
  });
  return count;
}

bool AnyLockedIn(PEPROCESS process, uintptr_t start, uint64_t byte_count) {
  bool any = false;
  TheState().locked.ForEach([&](const LockedRange& range) {
    any = any || (range.process == process && range.start < start + byte_count &&
                  start < range.start + range.page_count * kPageBytes);
  });
  return any;
}

bool FindLockedRangeOf(const void* image_begin, const void* image_end, LockedRange* found) {
  bool any = false;
  TheState().locked.ForEach([&](const LockedRange& range) {
    if (any || range.locked_by < image_begin || range.locked_by >= image_end) return;
    any = true;
    *found = range;
  });
  return any;
}

std::string Describe(const LockedRange& range) {
  // Freed MDLs have small numbers instead of addresses.
  const bool freed = reinterpret_cast<uintptr_t>(range.mdl) < kPageBytes;
  char line[160];
  std::snprintf(line, sizeof line, "%llu pages at 0x%llx are locked, by an MDL %s0x%llx; locked in ",
                static_cast<unsigned long long>(range.page_count),
                static_cast<unsigned long long>(range.start),
                freed ? "that was freed meanwhile, number " : "at ",
                static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(range.mdl)));
  return line + os::DescribeCaller(range.locked_by);
}

void ForEachLockedRange(const std::function<void(const LockedRange&)>& visit) {
  TheState().locked.ForEach(visit);
}

}  // namespace ring3::mm
