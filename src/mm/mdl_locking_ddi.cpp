// SPDX-License-Identifier: MIT
// MmProbeAndLockPages and its kin, MmUnlockPages.
#include <vector>

#include "ke/room.h"
#include "mm/client_space.h"
#include "mm/mdl_frames.h"
#include "mm/misuse.h"
#include "mm/state.h"
#include "mm/user_memory.h"

using namespace ring3;
using namespace ring3::mm;

namespace {

constexpr CSHORT kNotLockable =
    MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL | MDL_IO_SPACE;

mm::Access AccessOf(LOCK_OPERATION operation) {
  return operation == IoReadAccess ? mm::Access::kRead : mm::Access::kWrite;
}

// Whether user addresses mean memory of an application in another process. A driver may also lock what is its
// own.
bool IsOfClient(PEPROCESS process, KPROCESSOR_MODE mode, uintptr_t start, uintptr_t end, mm::Access access) {
  if (SpaceOf(process).is_local()) return false;
  return mode == UserMode || !IsOwnMemory(start, end, access);
}

ClientAddressSpace& ClientSpaceOf(PEPROCESS process) {
  return static_cast<ClientAddressSpace&>(SpaceOf(process));
}

// Enters the range of this process' memory as locked, then looks whether it may be. STATUS_ACCESS_VIOLATION:
// it may not, and is not.
Status LockRange(PMDL mdl, uintptr_t start, uint64_t pages, PEPROCESS process, mm::Access access,
                 const void* caller) {
  State& state = TheState();
  const bool user = !IsSystemAddress(start);
  state.locked.Insert({mdl, user ? process : nullptr, start, pages, caller, access});
  bool granted;
  if (user) {
    state.locked.WaitForUnmappers();
    granted = AddressSpace::Local().Grants(start, start + pages * kPageBytes, access);
  } else if (IsClientFrameAddress(start)) {
    granted = state.client_window.IsMapped(ClientPfnOfAddress(start), pages);
  } else if (ViewSpace::Contains(start)) {
    Pfn ignored;
    granted = state.FrameOfSystemAddress(start, &ignored) &&
              state.FrameOfSystemAddress(start + (pages - 1) * kPageBytes, &ignored);
  } else {
    granted = state.frames.IsAllocated((start - kSystemBase) >> kPageShift, pages);
  }
  if (granted) return STATUS_SUCCESS;
  LockedRange ignored;
  state.locked.Remove(mdl, &ignored);
  return STATUS_ACCESS_VIOLATION;
}

void SetFrames(PMDL mdl, uintptr_t start, uint64_t pages) {
  if (!IsSystemAddress(start)) {
    SetContiguousFrames(mdl, PfnOfUserAddress(start), pages);
  } else if (IsClientFrameAddress(start)) {
    SetContiguousFrames(mdl, ClientPfnOfAddress(start), pages);
  } else if (!ViewSpace::Contains(start)) {
    SetContiguousFrames(mdl, (start - kSystemBase) >> kPageShift, pages);
  } else {
    Pfn* frames = BeginScatteredFrames(mdl);
    for (uint64_t i = 0; i < pages; ++i) {
      if (!TheState().FrameOfSystemAddress(start + i * kPageBytes, &frames[i])) frames[i] = 0;
    }
  }
}

Status ProbeAndLock(PMDL mdl, PEPROCESS process, KPROCESSOR_MODE mode, LOCK_OPERATION operation,
                    const void* caller) {
  const uintptr_t start = Parameter(mdl->StartVa);
  const uint64_t pages = PagesOfMdl(mdl);
  const bool user = IsUserRange(start + mdl->ByteOffset, mdl->ByteCount);
  if (mode == UserMode && !user) return STATUS_ACCESS_VIOLATION;
  const uint64_t end = start + pages * kPageBytes;
  if (!user && (end < start || !IsSystemAddress(start) || !IsSystemAddress(end - 1)))
    return STATUS_ACCESS_VIOLATION;
  const mm::Access access = AccessOf(operation);
  if (pages != 0 && user && IsOfClient(process, mode, start, end, access)) {
    const ClientAddressSpace::PageRange range = {start, pages};
    RING3_TRY(ClientSpaceOf(process).Lock(mdl, {&range, 1}, {mdl, process, start, pages, caller, access}));
  } else if (pages != 0) {
    RING3_TRY(LockRange(mdl, start, pages, SpaceOf(process).is_local() ? process : nullptr, access, caller));
    SetFrames(mdl, start, pages);
  }
  mdl->Process = user ? process : nullptr;
  mdl->MdlFlags |= MDL_PAGES_LOCKED | (operation == IoReadAccess ? 0 : MDL_WRITE_OPERATION);
  return STATUS_SUCCESS;
}

// As few ranges as there are, in the order of the pages.
Status LockSelected(PMDL mdl, PFILE_SEGMENT_ELEMENT segments, uint64_t pages, const LockedRange& entry) {
  std::vector<ClientAddressSpace::PageRange> ranges;
  for (uint64_t i = 0; i < pages; ++i) {
    const uintptr_t page = Parameter(segments[i].Buffer);
    if (!ranges.empty() && ranges.back().start + ranges.back().page_count * kPageBytes == page) {
      ++ranges.back().page_count;
    } else {
      ranges.push_back({page, 1});
    }
  }
  return ClientSpaceOf(CurrentProcess()).Lock(mdl, ranges, entry);
}

void EndClientLock(ClientLock* lock) {
  if (lock == nullptr) return;
  if (!lock->bounces.empty() && CurrentIrql() <= APC_LEVEL) {
    // What is shown of these pages to driver code is out of date afterwards.
    const ke::OutOfRoomScope outside(ke::CurrentThread());
    lock->WriteBack();
  } else {
    lock->WriteBack();
  }
  delete lock;
}

void CheckIrql(ULONG_PTR violation, PMDL mdl, ULONG_PTR last) {
  const KIRQL irql = CurrentIrql();
  if (irql > DISPATCH_LEVEL) VerifierViolation(violation, irql, Parameter(mdl), last);
  if (irql > APC_LEVEL && !IsSystemAddress(Parameter(mdl->StartVa))) {
    KeBugCheckEx(IRQL_NOT_LESS_OR_EQUAL, Parameter(mdl->StartVa), irql, 0, 0);
  }
}

}  // namespace

// Checks that the MDL's buffer grants `Operation` (IoReadAccess, or IoWriteAccess and IoModifyAccess alike)
// and locks its pages. Raises STATUS_ACCESS_VIOLATION where it does not, and for a system address with
// UserMode. IRQL <= APC_LEVEL, <= DISPATCH_LEVEL for nonpaged memory; 0xC4 (0x70) above, 0xC4 (0xB0) for an
// MDL that is locked, mapped, partial or built for nonpaged pool. nf-wdm-mmprobeandlockpages
VOID MmProbeAndLockPages(PMDLX MemoryDescriptorList, KPROCESSOR_MODE AccessMode, LOCK_OPERATION Operation) {
  PMDL mdl = MemoryDescriptorList;
  CheckIrql(0x70, mdl, AccessMode);
  if (const int wrong = mdl->MdlFlags & kNotLockable; wrong != 0) {
    VerifierViolation(0xB0, Parameter(mdl), mdl->MdlFlags, wrong);
  }
  const Status status =
      ProbeAndLock(mdl, CurrentProcess(), AccessMode, Operation, __builtin_return_address(0));
  if (!status.ok()) ExRaiseStatus(status);
}

// The same for the buffer of `Process`.
VOID MmProbeAndLockProcessPages(PMDL MemoryDescriptorList, PEPROCESS Process, KPROCESSOR_MODE AccessMode,
                                LOCK_OPERATION Operation) {
  PMDL mdl = MemoryDescriptorList;
  CheckIrql(0x71, mdl, Parameter(Process));
  if (const int wrong = mdl->MdlFlags & kNotLockable; wrong != 0) {
    VerifierViolation(0xB1, Parameter(mdl), mdl->MdlFlags, wrong);
  }
  const Status status = ProbeAndLock(mdl, Process, AccessMode, Operation, __builtin_return_address(0));
  if (!status.ok()) ExRaiseStatus(status);
}

// Locks the pages of `SegmentArray`, one page each, in the MDL's order. Raises as MmProbeAndLockPages does.
// nf-wdm-mmprobeandlockselectedpages
VOID MmProbeAndLockSelectedPages(PMDLX MemoryDescriptorList, PFILE_SEGMENT_ELEMENT SegmentArray,
                                 KPROCESSOR_MODE AccessMode, LOCK_OPERATION Operation) {
  PMDL mdl = MemoryDescriptorList;
  CheckIrql(0x72, mdl, 0);
  if (const int wrong = mdl->MdlFlags & kNotLockable; wrong != 0) {
    VerifierViolation(0xB0, Parameter(mdl), mdl->MdlFlags, wrong);
  }
  const uint64_t pages = PagesOfMdl(mdl);
  // One entry in the table from the lowest page to the highest: keeps more than asked for, never less.
  uintptr_t low = ~uintptr_t{0}, high = 0;
  bool all_user = true;  // they may lie on both sides of system space
  NTSTATUS status = STATUS_SUCCESS;
  for (uint64_t i = 0; i < pages; ++i) {
    const uintptr_t page = Parameter(SegmentArray[i].Buffer);
    all_user = all_user && IsUserRange(page, kPageBytes);
    if (BYTE_OFFSET(page) != 0 || (AccessMode == UserMode && !all_user)) status = STATUS_ACCESS_VIOLATION;
    low = page < low ? page : low;
    high = page > high ? page : high;
  }
  if (NT_SUCCESS(status) && pages != 0 && all_user &&
      IsOfClient(CurrentProcess(), AccessMode, low, low + kPageBytes, AccessOf(Operation))) {
    status =
        LockSelected(mdl, SegmentArray, pages,
                     {mdl, CurrentProcess(), low, pages, __builtin_return_address(0), AccessOf(Operation)});
  } else if (NT_SUCCESS(status) && pages != 0) {
    State& state = TheState();
    state.locked.Insert({mdl, IsSystemAddress(low) ? nullptr : CurrentProcess(), low,
                         (high - low) / kPageBytes + 1, __builtin_return_address(0), AccessOf(Operation)});
    state.locked.WaitForUnmappers();
    Pfn* frames = BeginScatteredFrames(mdl);
    for (uint64_t i = 0; i < pages && NT_SUCCESS(status); ++i) {
      const uintptr_t page = Parameter(SegmentArray[i].Buffer);
      const bool granted = IsSystemAddress(page)
                               ? state.FrameOfSystemAddress(page, &frames[i])
                               : AddressSpace::Local().Grants(page, page + kPageBytes, AccessOf(Operation));
      if (!granted) status = STATUS_ACCESS_VIOLATION;
      if (!IsSystemAddress(page)) frames[i] = PfnOfUserAddress(page);
    }
    LockedRange ignored;
    if (!NT_SUCCESS(status)) state.locked.Remove(mdl, &ignored);
  }
  if (!NT_SUCCESS(status)) ExRaiseStatus(status);
  mdl->Process = CurrentProcess();
  mdl->MdlFlags |= MDL_PAGES_LOCKED | (Operation == IoReadAccess ? 0 : MDL_WRITE_OPERATION);
}

// Unlocks what MmProbeAndLockPages locked, after unmapping it from system space. IRQL <= DISPATCH_LEVEL.
// PFN_LIST_CORRUPT (7) for an MDL that is not locked, 0xC4 (0x7D) for one of nonpaged pool, 0xC4 (0xB4) for a
// partial one, PROCESS_HAS_LOCKED_PAGES (1) where the pages are not locked by this MDL. nf-wdm-mmunlockpages
VOID MmUnlockPages(PMDLX MemoryDescriptorList) {
  PMDL mdl = MemoryDescriptorList;
  const CSHORT flags = mdl->MdlFlags;
  if (CurrentIrql() > DISPATCH_LEVEL) VerifierViolation(0x78, CurrentIrql(), Parameter(mdl), 0);
  if ((flags & MDL_PARTIAL) != 0) VerifierViolation(0xB4, Parameter(mdl), flags, MDL_PARTIAL);
  if ((flags & MDL_SOURCE_IS_NONPAGED_POOL) != 0) VerifierViolation(0x7D, Parameter(mdl), flags, 0);
  if ((flags & MDL_PAGES_LOCKED) == 0) {
    const uintptr_t start = Parameter(mdl->StartVa);
    KeBugCheckEx(PFN_LIST_CORRUPT, 0x7,
                 IsSystemAddress(start) ? (start - kSystemBase) >> kPageShift : PfnOfUserAddress(start), 0,
                 0);
  }
  if ((flags & MDL_MAPPED_TO_SYSTEM_VA) != 0) MmUnmapLockedPages(mdl->MappedSystemVa, mdl);
  LockedRange removed;
  if (TheState().locked.Remove(mdl, &removed)) {
    EndClientLock(removed.client);
  } else if (mdl->ByteCount != 0) {
    KeBugCheckEx(PROCESS_HAS_LOCKED_PAGES, 1, Parameter(mdl),
                 mdl->Process != nullptr ? LockedPagesOf(mdl->Process) : 0, 0);
  }
  mdl->MdlFlags &= ~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION);
  mdl->Process = nullptr;
}
