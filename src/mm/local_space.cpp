// SPDX-License-Identifier: MIT
#include "mm/local_space.h"

#include "mm/state.h"
#include "ntstatus.h"
#include "os/guarded_copy.h"

namespace ring3::mm {

bool LocalAddressSpace::Read(void* destination, uintptr_t address, size_t byte_count) {
  return os::GuardedCopy(destination, reinterpret_cast<const void*>(address), byte_count);
}

bool LocalAddressSpace::Write(uintptr_t address, const void* source, size_t byte_count) {
  return os::GuardedCopy(reinterpret_cast<void*>(address), source, byte_count);
}

bool LocalAddressSpace::Fill(uintptr_t address, uint8_t value, size_t byte_count) {
  return os::GuardedFill(reinterpret_cast<void*>(address), value, byte_count);
}

bool LocalAddressSpace::FindFrames(uintptr_t address, os::Region* region, FrameRun* frames) {
  if (!regions_.Find(address, region)) return false;
  *frames = {PfnOfUserAddress(address), (region->end - (address & ~(kPageBytes - 1))) >> kPageShift};
  UserViews::View view;
  uintptr_t start;
  if (!views().Find(address, &view, &start)) return true;
  const uint64_t index = (address - start) >> kPageShift;
  *frames = {view.first_frame + index, view.page_count - index};
  return view.contiguous;
}

Status LocalAddressSpace::ReserveAt(uintptr_t address, uint64_t byte_count) {
  return os::ReserveAt(address, byte_count);
}

uintptr_t LocalAddressSpace::ReserveAnywhere(uint64_t byte_count, uint64_t alignment, uintptr_t limit,
                                             os::Placement placement) {
  return os::ReserveAnywhere(byte_count, alignment, limit, placement);
}

Status LocalAddressSpace::Commit(uintptr_t address, uint64_t byte_count, os::Protection protection) {
  return os::Protect(address, byte_count, protection);
}

void LocalAddressSpace::Release(uintptr_t address, uint64_t byte_count) {
  TheState().locked.Unmap(address, byte_count);
}

Result<AddressSpace::Decommitted> LocalAddressSpace::Decommit(uintptr_t address, uint64_t byte_count) {
  Status status = STATUS_SUCCESS;
  if (!TheState().locked.RunUnlessLocked(address, byte_count,
                                         [&] { status = os::Decommit(address, byte_count); })) {
    return Decommitted::kKept;
  }
  RING3_TRY(status);
  return Decommitted::kDone;
}

Status LocalAddressSpace::Protect(uintptr_t address, uint64_t byte_count, os::Protection protection) {
  return os::Protect(address, byte_count, protection);
}

}  // namespace ring3::mm
