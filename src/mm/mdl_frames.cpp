// SPDX-License-Identifier: MIT
#include "mm/mdl_frames.h"

#include "mm/state.h"

namespace ring3::mm {

MdlFrames::MdlFrames(PMDL mdl) : array_(MmGetMdlPfnArray(mdl)), count_(PagesOfMdl(mdl)) {
  if (count_ == 0) return;
  if (MdlArena::Contains(mdl)) {
    contiguous_ = TheState().mdl_arena.GetContiguous(mdl, &first_);
    return;
  }
  first_ = array_[0];
  contiguous_ = true;
  for (uint64_t i = 1; i < count_ && contiguous_; ++i) contiguous_ = array_[i] == first_ + i;
}

Status MdlFrames::MapAt(uintptr_t address, os::Protection protection) const {
  if (!contiguous_) return ViewSpace::MapFrames(address, array_, count_, protection);
  return MapRun(address, first_, count_, protection);
}

uintptr_t MdlFrames::DirectAddress() const {
  if (!contiguous_) return 0;
  if (IsUserPfn(first_)) return UserAddressOfPfn(first_);
  if (IsClientPfn(first_)) return IsClientPfn(first_ + count_ - 1) ? AddressOfClientPfn(first_) : 0;
  uint64_t offset;
  return TheState().OffsetOfFrames(first_, count_, &offset) &&
                 first_ + count_ <= TheState().frames.ram_pages()
             ? RamAddressOfPfn(first_)
             : 0;
}

void SetContiguousFrames(PMDL mdl, Pfn first, uint64_t count) {
  if (MdlArena::Contains(mdl)) {
    TheState().mdl_arena.SetContiguous(mdl, first, count);
    return;
  }
  Pfn* array = MmGetMdlPfnArray(mdl);
  for (uint64_t i = 0; i < count; ++i) array[i] = first + i;
}

Pfn* BeginScatteredFrames(PMDL mdl) {
  if (MdlArena::Contains(mdl)) TheState().mdl_arena.SetScattered(mdl);
  return MmGetMdlPfnArray(mdl);
}

}  // namespace ring3::mm
