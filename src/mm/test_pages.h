// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "ddi/ex.h"
#include "ddi/mm.h"
#include "ddi/mm_ntddk.h"

namespace ring3::mm {

inline constexpr PHYSICAL_ADDRESS kNone = {};
inline constexpr PHYSICAL_ADDRESS kEverywhere = {.QuadPart = -1};

// Pages that a driver allocates.
inline PMDL AllocatePages(uint64_t count) {
  return MmAllocatePagesForMdlEx(kNone, kEverywhere, kNone, count * PAGE_SIZE, MmCached, 0);
}
inline char* SystemAddress(PMDL mdl) {
  return static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
}
inline void FreePages(PMDL mdl) {
  MmFreePagesFromMdl(mdl);
  ExFreePool(mdl);
}

}  // namespace ring3::mm
