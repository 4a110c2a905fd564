// SPDX-License-Identifier: MIT
// Reserved mappings: MmAllocateMappingAddress(Ex), MmFreeMappingAddress, MmMapLockedPagesWithReservedMapping,
// MmUnmapReservedMapping. Their misuse is bug check SYSTEM_PTE_MISUSE (bug-check-0xda--system-pte-misuse).
#include "mm/mdl_frames.h"
#include "mm/misuse.h"
#include "mm/state.h"

using namespace ring3;
using namespace ring3::mm;

namespace {

PVOID Reserve(SIZE_T bytes, ULONG tag, const void* caller) {
  if (bytes == 0) KeBugCheckEx(SYSTEM_PTE_MISUSE, 0x100, 0, tag, Parameter(caller));
  return reinterpret_cast<PVOID>(
      TheState().views.Reserve({ViewSpace::Use::kReserved, PagesOf(bytes), tag, nullptr, 0, caller}));
}

// The reservation at `base`, which must be the caller's; bug check otherwise.
ViewSpace::View Expect(PVOID base, ULONG tag, ULONG_PTR not_reserved, ULONG_PTR not_owner) {
  ViewSpace::View view;
  if (!TheState().views.Find(Parameter(base), &view) || view.use != ViewSpace::Use::kReserved) {
    KeBugCheckEx(SYSTEM_PTE_MISUSE, not_reserved, Parameter(base), tag, 0);
  }
  if (view.tag != tag) KeBugCheckEx(SYSTEM_PTE_MISUSE, not_owner, Parameter(base), tag, view.tag);
  return view;
}

}  // namespace

// Reserves system addresses for `NumberOfBytes`, nothing mapped. IRQL <= APC_LEVEL. NULL: no room.
// SYSTEM_PTE_MISUSE (0x100) for zero bytes. nf-wdm-mmallocatemappingaddress
PVOID MmAllocateMappingAddress(SIZE_T NumberOfBytes, ULONG PoolTag) {
  return Reserve(NumberOfBytes, PoolTag, __builtin_return_address(0));
}

// nf-wdm-mmallocatemappingaddressex
PVOID MmAllocateMappingAddressEx(SIZE_T NumberOfBytes, ULONG PoolTag, ULONG) {
  return Reserve(NumberOfBytes, PoolTag, __builtin_return_address(0));
}

// IRQL <= APC_LEVEL. SYSTEM_PTE_MISUSE: 0x101 another tag, 0x102 no such reservation, 0x103 still mapped.
// nf-wdm-mmfreemappingaddress
VOID MmFreeMappingAddress(PVOID BaseAddress, ULONG PoolTag) {
  const ViewSpace::View view = Expect(BaseAddress, PoolTag, 0x102, 0x101);
  if (view.mapped_pages != 0) {
    KeBugCheckEx(SYSTEM_PTE_MISUSE, 0x103, Parameter(BaseAddress), PoolTag, view.page_count);
  }
  TheState().views.Release(Parameter(BaseAddress));
}

// Maps the locked MDL at the start of the reservation and returns the address of its first byte; NULL where
// it does not fit. Embedded, pages of the application keep their one address, which is what is returned for
// them. IRQL <= DISPATCH_LEVEL. SYSTEM_PTE_MISUSE: 0x104 another tag, 0x105 no such reservation, 0x107 mapped
// already. nf-wdm-mmmaplockedpageswithreservedmapping
PVOID MmMapLockedPagesWithReservedMapping(PVOID MappingAddress, ULONG PoolTag, PMDLX MemoryDescriptorList,
                                          MEMORY_CACHING_TYPE) {
  PMDL mdl = MemoryDescriptorList;
  const uintptr_t base = Parameter(MappingAddress);
  const ViewSpace::View view = Expect(MappingAddress, PoolTag, 0x105, 0x104);
  if (view.mapped_pages != 0) {
    KeBugCheckEx(SYSTEM_PTE_MISUSE, 0x107, base, base, base + (view.page_count - 1) * kPageBytes);
  }
  constexpr CSHORT kMapped = MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL;
  if ((mdl->MdlFlags & kMapped) != 0)
    VerifierViolation(0xB2, Parameter(mdl), mdl->MdlFlags, mdl->MdlFlags & kMapped);
  if ((mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_PARTIAL | MDL_IO_SPACE)) == 0) {
    VerifierViolation(0xB3, Parameter(mdl), mdl->MdlFlags, MDL_PAGES_LOCKED | MDL_PARTIAL);
  }
  const MdlFrames frames(mdl);
  if (frames.count() == 0 || frames.count() > view.page_count) return nullptr;
  uintptr_t address = base;
  if (IsUserPfn(frames[0])) {
    address = frames.DirectAddress();
    if (address == 0) return nullptr;
  } else if (!frames.MapAt(base, os::Protection::kReadWrite).ok()) {
    return nullptr;
  }
  TheState().views.SetMapped(base, mdl, frames.count());
  mdl->MappedSystemVa = reinterpret_cast<PVOID>(address);
  mdl->MdlFlags |=
      MDL_MAPPED_TO_SYSTEM_VA | ((mdl->MdlFlags & MDL_PARTIAL) != 0 ? MDL_PARTIAL_HAS_BEEN_MAPPED : 0);
  return reinterpret_cast<PVOID>(address + mdl->ByteOffset);
}

// IRQL <= DISPATCH_LEVEL. SYSTEM_PTE_MISUSE: 0x108 another tag, 0x109 no such reservation, 0x10B nothing is
// mapped, 0x10A or 0x10C where the MDL has more or fewer pages than are mapped. nf-wdm-mmunmapreservedmapping
VOID MmUnmapReservedMapping(PVOID BaseAddress, ULONG PoolTag, PMDLX MemoryDescriptorList) {
  PMDL mdl = MemoryDescriptorList;
  uintptr_t base = Parameter(PAGE_ALIGN(BaseAddress));
  const ViewSpace::View view = Expect(reinterpret_cast<PVOID>(base), PoolTag, 0x109, 0x108);
  const uint64_t pages = PagesOfMdl(mdl);
  if (view.mapped_pages == 0) KeBugCheckEx(SYSTEM_PTE_MISUSE, 0x10B, base, PoolTag, pages);
  if (pages > view.mapped_pages) KeBugCheckEx(SYSTEM_PTE_MISUSE, 0x10A, base, view.mapped_pages, pages);
  if (pages < view.mapped_pages) KeBugCheckEx(SYSTEM_PTE_MISUSE, 0x10C, base, PoolTag, pages);
  // Where Linux refuses, the old pages stay visible until the reservation is used again.
  ViewSpace::Unmap(base, view.page_count);
  TheState().views.SetMapped(base, nullptr, 0);
  mdl->MdlFlags &= ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED);
  mdl->MappedSystemVa = nullptr;
}
