// SPDX-License-Identifier: MIT
// Mapping MDLs: MmMapLockedPages, MmMapLockedPagesSpecifyCache, MmUnmapLockedPages,
// MmProtectMdlSystemAddress, MmMapMdl.
#include "mm/mdl_frames.h"
#include "mm/misuse.h"
#include "mm/state.h"

using namespace ring3;
using namespace ring3::mm;

namespace {

constexpr CSHORT kMappable = MDL_PAGES_LOCKED | MDL_PARTIAL | MDL_IO_SPACE;

enum class SystemWrite : uint8_t { kAllowed, kRefused };

// The system mapping of the MDL's pages: where they are anyway, or a view of their own. Zero: no room.
uintptr_t MapSystem(PMDL mdl, SystemWrite write, const void* caller) {
  const MdlFrames frames(mdl);
  const uintptr_t direct = frames.DirectAddress();
  const bool user_pages = frames.count() != 0 && IsUserPfn(frames[0]);
  // Embedded, a user page has no second address: what a mapping without write access would protect against is
  // missed.
  if (direct != 0 && (write == SystemWrite::kAllowed || user_pages)) return direct;
  if (frames.count() == 0) return 0;
  ViewSpace& views = TheState().views;
  const uintptr_t view =
      views.Reserve({ViewSpace::Use::kMdlView, frames.count(), 0, mdl, frames.count(), caller});
  if (view == 0) return 0;
  const auto protection = write == SystemWrite::kAllowed ? os::Protection::kReadWrite : os::Protection::kRead;
  if (frames.MapAt(view, protection).ok()) return view;
  views.Release(view);
  return 0;
}

void UnmapSystem(PMDL mdl) {
  const uintptr_t page = Parameter(PAGE_ALIGN(mdl->MappedSystemVa));
  State& state = TheState();
  if (ViewSpace::Contains(page)) {
    ViewSpace::View view;
    uintptr_t start;
    // MmAdvanceMdl may have moved the mapped address into the view.
    if (!state.views.FindContaining(page, &view, &start) || view.use != ViewSpace::Use::kMdlView) {
      KeBugCheckEx(SYSTEM_PTE_MISUSE, 0x6, Parameter(mdl), page, PagesOfMdl(mdl));
    }
    state.views.Release(start);
  } else if (IsSystemAddress(page) && !IsClientFrameAddress(page)) {
    // MmProtectMdlSystemAddress ends with the mapping.
    (void)state.frames
        .Protect((page - kSystemBase) >> kPageShift, PagesOfMdl(mdl), os::Protection::kReadWrite)
        .ok();
  }
  mdl->MdlFlags &= ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED);
  mdl->MappedSystemVa = nullptr;
}

void CheckMappable(PMDL mdl, KPROCESSOR_MODE mode) {
  const CSHORT flags = mdl->MdlFlags;
  if (mode == KernelMode && (flags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) != 0) {
    VerifierViolation(0xB2, Parameter(mdl), flags,
                      flags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL));
  }
  if ((flags & (kMappable | MDL_SOURCE_IS_NONPAGED_POOL)) == 0) {
    VerifierViolation(0xB3, Parameter(mdl), flags, kMappable | MDL_SOURCE_IS_NONPAGED_POOL);
  }
}

PVOID MapKernel(PMDL mdl, SystemWrite write, const void* caller) {
  const uintptr_t base = MapSystem(mdl, write, caller);
  if (base == 0) return nullptr;
  mdl->MappedSystemVa = reinterpret_cast<PVOID>(base + mdl->ByteOffset);
  mdl->MdlFlags |=
      MDL_MAPPED_TO_SYSTEM_VA | ((mdl->MdlFlags & MDL_PARTIAL) != 0 ? MDL_PARTIAL_HAS_BEEN_MAPPED : 0);
  return mdl->MappedSystemVa;
}

PVOID MapUser(PMDL mdl, PVOID requested, UserViews::Write write, const void* caller) {
  NTSTATUS status;
  {
    Result<uintptr_t> view = CurrentSpace().views().Map(
        CurrentProcess(), mdl, reinterpret_cast<uintptr_t>(requested), write, caller);
    if (view.ok()) return reinterpret_cast<PVOID>(*view + mdl->ByteOffset);
    status = view.status();
  }
  ExRaiseStatus(status);
}

os::Protection ProtectionOf(ULONG protect, bool* valid) {
  *valid = true;
  switch (protect & ~(PAGE_NOCACHE | PAGE_WRITECOMBINE)) {
    case PAGE_NOACCESS:
      return os::Protection::kNone;
    case PAGE_READONLY:
      return os::Protection::kRead;
    case PAGE_READWRITE:
      return os::Protection::kReadWrite;
    case PAGE_EXECUTE:
      return os::Protection::kExecute;
    case PAGE_EXECUTE_READ:
      return os::Protection::kReadExecute;
    case PAGE_EXECUTE_READWRITE:
      return os::Protection::kReadWriteExecute;
    default:
      *valid = false;
      return os::Protection::kNone;
  }
}

}  // namespace

// Maps the locked pages of the MDL. KernelMode: into system space, IRQL <= DISPATCH_LEVEL; returns NULL, or
// with `BugCheckOnFailure` issues NO_MORE_SYSTEM_PTES, where that fails. UserMode: into the current process,
// at `RequestedAddress` (rounded down to a page) unless that is NULL, never executable, IRQL <= APC_LEVEL;
// raises STATUS_CONFLICTING_ADDRESSES, STATUS_INVALID_ADDRESS or STATUS_INSUFFICIENT_RESOURCES.
// MdlMappingNoWrite in `Priority`: read-only for good. The pages' cache type stays what it is. 0xC4: 0x76 and
// 0x77 for the IRQL, 0xB2 for an MDL that is in system space already, 0xB3 for one that is not locked.
// nf-wdm-mmmaplockedpagesspecifycache
PVOID MmMapLockedPagesSpecifyCache(PMDLX MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
                                   MEMORY_CACHING_TYPE, PVOID RequestedAddress, ULONG BugCheckOnFailure,
                                   ULONG Priority) {
  PMDL mdl = MemoryDescriptorList;
  const KIRQL irql = CurrentIrql();
  if (irql > (AccessMode == KernelMode ? DISPATCH_LEVEL : APC_LEVEL)) {
    VerifierViolation(AccessMode == KernelMode ? 0x76 : 0x77, irql, Parameter(mdl), AccessMode);
  }
  CheckMappable(mdl, AccessMode);
  const bool no_write = (Priority & MdlMappingNoWrite) != 0;
  if (AccessMode != KernelMode) {
    return MapUser(mdl, RequestedAddress, no_write ? UserViews::Write::kRefused : UserViews::Write::kAllowed,
                   __builtin_return_address(0));
  }
  PVOID address =
      MapKernel(mdl, no_write ? SystemWrite::kRefused : SystemWrite::kAllowed, __builtin_return_address(0));
  if (address == nullptr && BugCheckOnFailure) {
    KeBugCheckEx(NO_MORE_SYSTEM_PTES, 0, PagesOfMdl(mdl), 0, kViewsBytes >> kPageShift);
  }
  return address;
}

// MmMapLockedPagesSpecifyCache, cached, with a bug check when a system mapping fails. Obsolete.
// nf-wdm-mmmaplockedpages
PVOID MmMapLockedPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode) {
  const KIRQL irql = CurrentIrql();
  if (irql > (AccessMode == KernelMode ? DISPATCH_LEVEL : APC_LEVEL)) {
    VerifierViolation(AccessMode == KernelMode ? 0x74 : 0x75, irql, Parameter(MemoryDescriptorList),
                      AccessMode);
  }
  CheckMappable(MemoryDescriptorList, AccessMode);
  if (AccessMode != KernelMode) {
    return MapUser(MemoryDescriptorList, nullptr, UserViews::Write::kAllowed, __builtin_return_address(0));
  }
  PVOID address = MapKernel(MemoryDescriptorList, SystemWrite::kAllowed, __builtin_return_address(0));
  if (address == nullptr) {
    KeBugCheckEx(NO_MORE_SYSTEM_PTES, 0, PagesOfMdl(MemoryDescriptorList), 0, kViewsBytes >> kPageShift);
  }
  return address;
}

// Undoes a mapping, a user one in the process that it was made in. IRQL <= DISPATCH_LEVEL, <= APC_LEVEL for a
// user mapping. SYSTEM_PTE_MISUSE (3: another address than the mapped one; 6: not mapped); 0xC4 (0xB9) where
// the current process has no such user mapping, 0xC4 (0x79, 0x7A) for the IRQL. nf-wdm-mmunmaplockedpages
VOID MmUnmapLockedPages(PVOID BaseAddress, PMDLX MemoryDescriptorList) {
  PMDL mdl = MemoryDescriptorList;
  const KIRQL irql = CurrentIrql();
  const bool mapped = (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) != 0;
  if (mapped && PAGE_ALIGN(mdl->MappedSystemVa) == PAGE_ALIGN(BaseAddress)) {
    if (irql > DISPATCH_LEVEL) VerifierViolation(0x79, irql, Parameter(BaseAddress), Parameter(mdl));
    UnmapSystem(mdl);
    return;
  }
  if (IsSystemAddress(BaseAddress)) {
    if (mapped) {
      KeBugCheckEx(SYSTEM_PTE_MISUSE, 0x3, Parameter(mdl), Parameter(mdl->MappedSystemVa),
                   Parameter(BaseAddress));
    }
    KeBugCheckEx(SYSTEM_PTE_MISUSE, 0x6, Parameter(mdl), Parameter(BaseAddress), PagesOfMdl(mdl));
  }
  if (irql > APC_LEVEL) VerifierViolation(0x7A, irql, Parameter(BaseAddress), Parameter(mdl));
  if (!CurrentSpace().views().Unmap(CurrentProcess(), mdl, Parameter(BaseAddress)).ok()) {
    VerifierViolation(0xB9, Parameter(BaseAddress), Parameter(mdl), 0);
  }
}

// Sets the protection of the MDL's system mapping until it is unmapped. IRQL <= DISPATCH_LEVEL.
// STATUS_INVALID_PAGE_PROTECTION for other than the plain PAGE_ values, STATUS_NOT_MAPPED_VIEW where there is
// no mapping, STATUS_NOT_SUPPORTED for pages of the application, whose system address is, embedded, the
// application's own. nf-wdm-mmprotectmdlsystemaddress
NTSTATUS MmProtectMdlSystemAddress(PMDLX MemoryDescriptorList, ULONG NewProtect) {
  PMDL mdl = MemoryDescriptorList;
  bool valid;
  const os::Protection protection = ProtectionOf(NewProtect, &valid);
  if (!valid) return STATUS_INVALID_PAGE_PROTECTION;
  if ((mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) == 0)
    return STATUS_NOT_MAPPED_VIEW;
  const uintptr_t page = Parameter(PAGE_ALIGN(mdl->MappedSystemVa));
  if (!IsSystemAddress(page) || IsClientFrameAddress(page)) return STATUS_NOT_SUPPORTED;
  if (ViewSpace::Contains(page)) return os::Protect(page, PagesOfMdl(mdl) * kPageBytes, protection);
  return TheState().frames.Protect((page - kSystemBase) >> kPageShift, PagesOfMdl(mdl), protection);
}

// Calls `DriverRoutine` with the address of the MDL's pages, mapped for the duration of the call where they
// are not already. IRQL <= DISPATCH_LEVEL. STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PAGE_PROTECTION: not
// called. nf-wdm-mmmapmdl
NTSTATUS MmMapMdl(PMDLX MemoryDescriptorList, ULONG Protection, PMM_MDL_ROUTINE DriverRoutine,
                  PVOID DriverContext) {
  PMDL mdl = MemoryDescriptorList;
  bool valid;
  const os::Protection protection = ProtectionOf(Protection, &valid);
  if (!valid || protection == os::Protection::kNone) return STATUS_INVALID_PAGE_PROTECTION;
  if ((mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) != 0) {
    DriverRoutine(DriverContext, mdl->MappedSystemVa);
    return STATUS_SUCCESS;
  }
  const bool writes =
      protection == os::Protection::kReadWrite || protection == os::Protection::kReadWriteExecute;
  PVOID address = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, nullptr, FALSE,
                                               NormalPagePriority | (writes ? 0 : MdlMappingNoWrite));
  if (address == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  DriverRoutine(DriverContext, address);
  MmUnmapLockedPages(address, mdl);
  return STATUS_SUCCESS;
}
