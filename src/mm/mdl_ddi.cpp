// SPDX-License-Identifier: MIT
// MDLs themselves: IoAllocateMdl, IoFreeMdl, IoBuildPartialMdl, MmSizeOfMdl, MmCreateMdl,
// MmBuildMdlForNonPagedPool, MmAdvanceMdl.
#include <algorithm>
#include <cstring>

#include "ddi/ex.h"
#include "ddi/io.h"
#include "mm/mdl_frames.h"
#include "mm/misuse.h"
#include "mm/state.h"

using namespace ring3;
using namespace ring3::mm;

namespace {

constexpr ULONG kLongestBuffer = 0xFFFFFFFF - PAGE_SIZE + 1;  // 4 GiB - PAGE_SIZE
constexpr ULONG kPoolTag = 'ldM ';

PMDL AllocateForPages(uint64_t pages, const void* caller, CSHORT* flags) {
  if (pages <= MdlCache::kMostPages) {
    *flags = MDL_ALLOCATED_FIXED_SIZE;
    return TheState().mdl_cache.Allocate(caller);
  }
  *flags = 0;
  return TheState().mdl_arena.Allocate(pages, caller);
}

// The frames that the MDL's memory has room for, as far as it can be known.
uint64_t CapacityOf(PMDL mdl) {
  if (MdlArena::Contains(mdl)) return TheState().mdl_arena.CapacityOf(mdl);
  // Size does not hold the size of a driver's own MDL for more than 32 MiB.
  const uint64_t bytes = static_cast<USHORT>(mdl->Size);
  return bytes < sizeof(MDL) ? 0 : (bytes - sizeof(MDL)) / sizeof(Pfn);
}

}  // namespace

// An MDL for the `Length` bytes at `VirtualAddress`, linked to `Irp` as its only MDL or, `SecondaryBuffer`,
// at the end of its chain. The pages are neither checked nor locked. IRQL <= DISPATCH_LEVEL. NULL: out of
// memory, or more than 4 GiB - PAGE_SIZE bytes. nf-wdm-ioallocatemdl
PMDL IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer, BOOLEAN, PIRP Irp) {
  if (Length > kLongestBuffer) return nullptr;
  CSHORT flags;
  PMDL mdl = AllocateForPages(ADDRESS_AND_SIZE_TO_SPAN_PAGES(VirtualAddress, Length),
                              __builtin_return_address(0), &flags);
  if (mdl == nullptr) return nullptr;
  MmInitializeMdl(mdl, VirtualAddress, Length);
  mdl->MdlFlags = flags;
  mdl->Process = nullptr;
  mdl->MappedSystemVa = nullptr;
  if (Irp == nullptr) return mdl;
  PMDL* link = &Irp->MdlAddress;
  if (SecondaryBuffer) {
    while (*link != nullptr) link = &(*link)->Next;
  }
  *link = mdl;
  return mdl;
}

// Frees one MDL of IoAllocateMdl, the mapping of a partial one included; its chain is left alone. IRQL <=
// DISPATCH_LEVEL. Pages that are still locked stay locked and are reported when the process or the driver
// goes. Bug check 0xC4 (0xB8) where the MDL is mapped, BAD_POOL_CALLER where it is none of IoAllocateMdl's or
// freed already. nf-wdm-iofreemdl
VOID IoFreeMdl(PMDL Mdl) {
  if (Mdl == nullptr) return;
  State& state = TheState();
  const bool in_arena = MdlArena::Contains(Mdl);
  if (!in_arena && (Mdl->MdlFlags & MDL_ALLOCATED_FIXED_SIZE) == 0) {
    // The driver's own, from pool.
    MmPrepareMdlForReuse(Mdl);
    ExFreePool(Mdl);
    return;
  }
  const CSHORT flags = Mdl->MdlFlags;
  if ((flags & MDL_PARTIAL_HAS_BEEN_MAPPED) != 0) {
    MmUnmapLockedPages(Mdl->MappedSystemVa, Mdl);
  } else if ((flags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL)) == MDL_MAPPED_TO_SYSTEM_VA ||
             ((flags & (MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL)) != 0 && HasUserViews(Mdl))) {
    VerifierViolation(0xB8, Parameter(Mdl), flags, 0);
  }
  if ((flags & (MDL_PAGES_LOCKED | MDL_PARTIAL)) == MDL_PAGES_LOCKED) state.locked.Orphan(Mdl);
  const bool freed = in_arena ? state.mdl_arena.Free(Mdl) : state.mdl_cache.Free(Mdl);
  if (!freed) KeBugCheckEx(BAD_POOL_CALLER, 0x7, 0, kPoolTag, Parameter(Mdl));
}

// Makes `TargetMdl` describe `Length` bytes (zero: the rest) of `SourceMdl` from `VirtualAddress` on. A
// system mapping of the source is shared. IRQL <= DISPATCH_LEVEL. TARGET_MDL_TOO_SMALL where the target
// cannot hold the pages, MEMORY_MANAGEMENT (0x1236) where the range is not the source's.
// nf-wdm-iobuildpartialmdl
VOID IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length) {
  const uintptr_t source_start = Parameter(SourceMdl->StartVa) + SourceMdl->ByteOffset;
  const uintptr_t start = Parameter(VirtualAddress);
  if (start < source_start || start - source_start > SourceMdl->ByteCount ||
      Length > SourceMdl->ByteCount - (start - source_start)) {
    KeBugCheckEx(MEMORY_MANAGEMENT, 0x1236, Parameter(SourceMdl), start, Length);
  }
  const uint64_t offset = start - source_start;
  if (Length == 0) Length = SourceMdl->ByteCount - static_cast<ULONG>(offset);
  const uint64_t pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(VirtualAddress, Length);
  if (pages > CapacityOf(TargetMdl) && pages * sizeof(Pfn) + sizeof(MDL) <= 0xFFFF) {
    KeBugCheckEx(TARGET_MDL_TOO_SMALL, Parameter(SourceMdl), Parameter(TargetMdl), start, Length);
  }
  const CSHORT source_flags = SourceMdl->MdlFlags;
  TargetMdl->StartVa = PAGE_ALIGN(VirtualAddress);
  TargetMdl->ByteOffset = BYTE_OFFSET(VirtualAddress);
  TargetMdl->ByteCount = Length;
  TargetMdl->Process = SourceMdl->Process;
  TargetMdl->MdlFlags =
      static_cast<CSHORT>((TargetMdl->MdlFlags & MDL_ALLOCATED_FIXED_SIZE) | MDL_PARTIAL |
                          (source_flags & (MDL_WRITE_OPERATION | MDL_IO_PAGE_READ | MDL_IO_SPACE)));
  if ((source_flags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) != 0) {
    TargetMdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARENT_MAPPED_SYSTEM_VA;
    TargetMdl->MappedSystemVa = static_cast<PCHAR>(SourceMdl->MappedSystemVa) + offset;
  } else {
    TargetMdl->MappedSystemVa = nullptr;
  }
  const uint64_t first_page = (start - Parameter(SourceMdl->StartVa)) >> kPageShift;
  const MdlFrames frames(SourceMdl);
  if (frames.contiguous()) {
    SetContiguousFrames(TargetMdl, frames[first_page], pages);
  } else {
    std::memmove(BeginScatteredFrames(TargetMdl), MmGetMdlPfnArray(SourceMdl) + first_page,
                 pages * sizeof(Pfn));
  }
}

// Bytes of an MDL for the range. Any IRQL. nf-wdm-mmsizeofmdl
SIZE_T MmSizeOfMdl(PVOID Base, SIZE_T Length) {
  const uint64_t pages = (BYTE_OFFSET(Base) + Length + PAGE_SIZE - 1) >> PAGE_SHIFT;
  return sizeof(MDL) + pages * sizeof(PFN_NUMBER);
}

// Initialises the caller's MDL, or one allocated from nonpaged pool. Obsolete. kernel/mmcreatemdl
PMDL MmCreateMdl(PMDL MemoryDescriptorList, PVOID Base, SIZE_T Length) {
  if (MemoryDescriptorList == nullptr) {
    MemoryDescriptorList =
        static_cast<PMDL>(ExAllocatePool2(POOL_FLAG_NON_PAGED, MmSizeOfMdl(Base, Length), kPoolTag));
    if (MemoryDescriptorList == nullptr) return nullptr;
  }
  MmInitializeMdl(MemoryDescriptorList, Base, Length);
  return MemoryDescriptorList;
}

// Makes the MDL describe its nonpaged buffer. IRQL <= DISPATCH_LEVEL. MEMORY_MANAGEMENT (0x1240) where the
// range has no memory; 0xC4 (0xB0) where the MDL is locked, mapped or partial.
// nf-wdm-mmbuildmdlfornonpagedpool
VOID MmBuildMdlForNonPagedPool(PMDLX MemoryDescriptorList) {
  PMDL mdl = MemoryDescriptorList;
  constexpr CSHORT kWrong =
      MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL;
  if ((mdl->MdlFlags & kWrong) != 0)
    VerifierViolation(0xB0, Parameter(mdl), mdl->MdlFlags, mdl->MdlFlags & kWrong);
  State& state = TheState();
  const uintptr_t start = Parameter(mdl->StartVa);
  const uint64_t pages = PagesOfMdl(mdl);
  if (!IsSystemAddress(start)) {
    // Embedded: a driver's own data and stack are memory of the process like the application's.
    if (!IsUserRange(start, pages * kPageBytes))
      KeBugCheckEx(MEMORY_MANAGEMENT, 0x1240, Parameter(mdl), start, 0);
    SetContiguousFrames(mdl, PfnOfUserAddress(start), pages);
  } else if (IsClientFrameAddress(start)) {
    const Pfn first = ClientPfnOfAddress(start);
    if (!state.client_window.IsMapped(first, pages))
      KeBugCheckEx(MEMORY_MANAGEMENT, 0x1240, Parameter(mdl), start, 0);
    SetContiguousFrames(mdl, first, pages);
  } else if (!ViewSpace::Contains(start)) {
    const Pfn first = (start - kSystemBase) >> kPageShift;
    if (!state.frames.IsAllocated(first, pages))
      KeBugCheckEx(MEMORY_MANAGEMENT, 0x1240, Parameter(mdl), start, 0);
    SetContiguousFrames(mdl, first, pages);
  } else {
    Pfn* frames = BeginScatteredFrames(mdl);
    for (uint64_t i = 0; i < pages; ++i) {
      if (state.FrameOfSystemAddress(start + i * kPageBytes, &frames[i])) continue;
      KeBugCheckEx(MEMORY_MANAGEMENT, 0x1240, Parameter(mdl), start + i * kPageBytes, 0);
    }
  }
  mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
  mdl->Process = nullptr;
  mdl->MappedSystemVa = MmGetMdlVirtualAddress(mdl);
}

// Moves the MDL's start by `NumberOfBytes`, unlocking the pages that it passes. IRQL <= DISPATCH_LEVEL.
// STATUS_INVALID_PARAMETER_2 beyond the end. nf-wdm-mmadvancemdl
NTSTATUS MmAdvanceMdl(PMDL Mdl, ULONG NumberOfBytes) {
  if (NumberOfBytes > Mdl->ByteCount) return STATUS_INVALID_PARAMETER_2;
  const uint64_t passed = (Mdl->ByteOffset + uint64_t{NumberOfBytes}) >> kPageShift;
  const uint64_t pages = PagesOfMdl(Mdl);
  if (passed != 0) {
    const MdlFrames frames(Mdl);
    const uint64_t left = pages - std::min(pages, passed);
    if (frames.contiguous() && left != 0) {
      SetContiguousFrames(Mdl, frames[passed], left);
    } else if (left != 0) {
      std::memmove(MmGetMdlPfnArray(Mdl), MmGetMdlPfnArray(Mdl) + passed, left * sizeof(Pfn));
    }
    const uintptr_t start = Parameter(Mdl->StartVa) + passed * kPageBytes;
    TheState().locked.Shrink(Mdl, start, left);
    Mdl->StartVa = reinterpret_cast<PVOID>(start);
  }
  Mdl->ByteOffset = static_cast<ULONG>((Mdl->ByteOffset + uint64_t{NumberOfBytes}) & (kPageBytes - 1));
  Mdl->ByteCount -= NumberOfBytes;
  if ((Mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) != 0) {
    Mdl->MappedSystemVa = static_cast<PCHAR>(Mdl->MappedSystemVa) + NumberOfBytes;
  }
  return STATUS_SUCCESS;
}
