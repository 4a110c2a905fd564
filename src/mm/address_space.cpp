// SPDX-License-Identifier: MIT
#include "mm/address_space.h"

#include <algorithm>

#include "mm/client_lock.h"
#include "mm/state.h"
#include "mm/user_memory.h"
#include "mm/user_window.h"
#include "ntstatus.h"
#include "os/stack_trace.h"

namespace ring3::mm {
namespace {

PKPROCESS KernelPart(PEPROCESS process) {
  return reinterpret_cast<PKPROCESS>(process);
}

}  // namespace

AddressSpace& AddressSpace::Local() {
  return TheState().local_space;
}

bool AddressSpace::Grants(uintptr_t start, uintptr_t end, Access access) {
  while (start < end) {
    os::Region region;
    if (!Find(start, &region)) return false;
    if (!(access == Access::kWrite ? region.writable && region.readable : region.readable)) return false;
    start = region.end;
  }
  return true;
}

AddressSpace& SpaceOf(PEPROCESS process) {
  AddressSpace* space = process == nullptr ? nullptr : KernelPart(process)->address_space;
  return space == nullptr ? AddressSpace::Local() : *space;
}

bool IsOwnMemory(uintptr_t start, uintptr_t end, Access access) {
  while (start < end) {
    os::Region region;
    if (!AddressSpace::Local().Find(start, &region) || region.shared || !region.readable) return false;
    if (access == Access::kWrite && !region.writable) return false;
    start = region.end;
  }
  return true;
}

AddressSpace& CurrentSpace() {
  return SpaceOf(CurrentProcess());
}

size_t AddressSpace::WritePieces(std::span<const os::PeerProcess::Piece> pieces) {
  size_t written = 0;
  for (const os::PeerProcess::Piece& piece : pieces) {
    if (Write(piece.address, piece.source, piece.byte_count)) written += piece.byte_count;
  }
  return written;
}

void SetAddressSpace(PEPROCESS process, std::unique_ptr<AddressSpace> space) {
  KernelPart(process)->address_space = space.get();
  KernelPart(process)->is_client = !space->is_local();
  space->process_ = process;
  SpinLockGuard guard(TheState().client_spaces_lock);
  TheState().client_spaces.push_back(std::move(space));
}

void DeleteAddressSpace(PEPROCESS process) {
  AddressSpace* space = KernelPart(process)->address_space;
  if (space == nullptr || space->is_local()) return;
  KernelPart(process)->address_space = nullptr;
  std::unique_ptr<AddressSpace> gone;
  SpinLockGuard guard(TheState().client_spaces_lock);
  auto& spaces = TheState().client_spaces;
  auto found =
      std::find_if(spaces.begin(), spaces.end(), [space](auto& each) { return each.get() == space; });
  gone = std::move(*found);
  spaces.erase(found);
}

bool HasUserViews(PMDL mdl) {
  if (AddressSpace::Local().views().AnyOf(mdl)) return true;
  SpinLockGuard guard(TheState().client_spaces_lock);
  for (const auto& space : TheState().client_spaces) {
    if (space->views().AnyOf(mdl)) return true;
  }
  return false;
}

Status AllocateVirtualMemory(PEPROCESS process, void** base, uint64_t zero_bits, size_t* byte_count,
                             ULONG allocation_type, ULONG protect) {
  uintptr_t start = reinterpret_cast<uintptr_t>(*base);
  uint64_t bytes = *byte_count;
  RING3_TRY(SpaceOf(process).virtual_memory().Allocate(process, &start, zero_bits, &bytes, allocation_type,
                                                       protect));
  *base = reinterpret_cast<void*>(start);
  *byte_count = bytes;
  return STATUS_SUCCESS;
}

Status FreeVirtualMemory(PEPROCESS process, void** base, size_t* byte_count, ULONG free_type) {
  uintptr_t start = reinterpret_cast<uintptr_t>(*base);
  uint64_t bytes = *byte_count;
  RING3_TRY(SpaceOf(process).virtual_memory().Free(process, &start, &bytes, free_type));
  *base = reinterpret_cast<void*>(start);
  *byte_count = bytes;
  return STATUS_SUCCESS;
}

Status ProtectVirtualMemory(PEPROCESS process, void** base, size_t* byte_count, ULONG new_protect,
                            ULONG* old_protect) {
  uintptr_t start = reinterpret_cast<uintptr_t>(*base);
  uint64_t bytes = *byte_count;
  RING3_TRY(SpaceOf(process).virtual_memory().Protect(&start, &bytes, new_protect, old_protect));
  *base = reinterpret_cast<void*>(start);
  *byte_count = bytes;
  return STATUS_SUCCESS;
}

Status QueryVirtualMemory(PEPROCESS process, const void* address, MEMORY_BASIC_INFORMATION* information) {
  return SpaceOf(process).virtual_memory().Query(reinterpret_cast<uintptr_t>(address), information);
}

void TearDownAddressSpace(PEPROCESS process) {
  AddressSpace& space = SpaceOf(process);
  space.views().UnmapAll(process);
  space.virtual_memory().ReleaseAll(process);
  space.End();
  // Nothing can be brought in any more.
  if (!space.is_local()) DropUserWindow(process);
}

size_t UserViewsOf(PEPROCESS process) {
  return SpaceOf(process).views().CountOf(process);
}

std::vector<SharedRegion> SharedRegionsOf(PEPROCESS process) {
  struct Found {
    SharedRegion region;
    const void* made_by;
  };
  std::vector<Found> found;
  SpaceOf(process).views().ForEach([&](uintptr_t start, const UserViews::View& view) {
    if (view.process != process) return;
    const bool direct = view.contiguous && view.first_frame < TheState().frames.ram_pages();
    found.push_back({{start,
                      direct ? RamAddressOfPfn(view.first_frame) : 0,
                      view.page_count,
                      view.writable,
                      SharedRegion::Kind::kDriverMemory,
                      {}},
                     view.mapped_by});
  });
  TheState().locked.ForEach([&](const LockedRange& range) {
    if (range.process != process) return;
    uintptr_t system = range.start;
    if (range.client != nullptr) {
      const std::vector<FrameRun>& runs = range.client->runs;
      system = runs.size() == 1 ? SystemAddressOfPfn(runs[0].first) : 0;
    }
    found.push_back({{range.start,
                      system,
                      range.page_count,
                      range.access == Access::kWrite,
                      SharedRegion::Kind::kLockedPages,
                      {}},
                     range.locked_by});
  });
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.region.user_address < b.region.user_address; });
  std::vector<SharedRegion> regions;
  for (Found& each : found) {
    each.region.locked_by = os::DescribeCaller(each.made_by);
    regions.push_back(std::move(each.region));
  }
  return regions;
}

}  // namespace ring3::mm
