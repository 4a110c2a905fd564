// SPDX-License-Identifier: MIT
// Addresses: MmGetPhysicalAddress, MmGetVirtualForPhysical, MmIsAddressValid, MmCopyMemory,
// MmGetPhysicalMemoryRanges(Ex, Ex2).
#include <algorithm>

#include "ddi/ex.h"
#include "ddi/mm_ntddk.h"
#include "mm/misuse.h"
#include "mm/state.h"
#include "mm/user_memory.h"
#include "os/guarded_copy.h"

using namespace ring3;
using namespace ring3::mm;

// All of user and system space lies in Linux's user half, with the system reservation inside it: these bounds
// tell an address that is neither from one that is either. Ask MmIsAddressValid, or the mode, rather than
// comparing.
PVOID MmHighestUserAddress = reinterpret_cast<PVOID>(kUserLimit - 1);
PVOID MmSystemRangeStart = reinterpret_cast<PVOID>(kSystemBase);
ULONG_PTR MmUserProbeAddress = kUserLimit;

namespace {

// Whether the system address shows device memory.
bool IsDeviceAddress(uintptr_t address) {
  Pfn pfn;
  return TheState().FrameOfSystemAddress(address, &pfn) && !TheState().frames.IsRam(pfn) && !IsUserPfn(pfn) &&
         !IsClientPfn(pfn);
}

// Zero: none.
Pfn FrameOfUserAddress(uintptr_t address) {
  AddressSpace& space = CurrentSpace();
  if (!space.is_local() && !IsOwnMemory(address, address + 1, mm::Access::kRead)) {
    os::Region region;
    FrameRun frames;
    return space.FindFrames(address, &region, &frames) ? frames.first : 0;
  }
  UserViews::View view;
  uintptr_t start;
  if (AddressSpace::Local().views().Find(address, &view, &start) && view.contiguous)
    return view.first_frame + ((address - start) >> kPageShift);
  return PfnOfUserAddress(address);
}

Status CopyVirtual(void* target, uintptr_t source, SIZE_T bytes, uintptr_t* fault) {
  *fault = source;
  if (!IsSystemAddress(source) && !IsUserRange(source, bytes)) return STATUS_ACCESS_VIOLATION;
  if (IsSystemAddress(source)) {
    if (source + bytes < source || !IsSystemAddress(source + bytes - 1)) return STATUS_ACCESS_VIOLATION;
    // Page by page: memory that was freed is there for Linux, but not for a driver.
    for (uintptr_t at = source; at < source + bytes; at = (at & ~(kPageBytes - 1)) + kPageBytes) {
      *fault = at;
      if (IsDeviceAddress(at)) return STATUS_INVALID_ADDRESS;
      if (!MmIsAddressValid(reinterpret_cast<PVOID>(at))) return STATUS_ACCESS_VIOLATION;
    }
  }
  if (!IsSystemAddress(source) && CurrentClientSpace() != nullptr &&
      !IsOwnMemory(source, source + bytes, mm::Access::kRead)) {
    auto* to = static_cast<uint8_t*>(target);
    for (uintptr_t at = source, next; at < source + bytes; at = next) {
      *fault = at;
      next = std::min((at & ~(kPageBytes - 1)) + kPageBytes, source + bytes);
      RING3_TRY(CopyFromUser(to + (at - source), reinterpret_cast<const void*>(at), next - at));
    }
    return STATUS_SUCCESS;
  }
  return os::GuardedCopy(target, reinterpret_cast<const void*>(source), bytes, fault)
             ? STATUS_SUCCESS
             : STATUS_ACCESS_VIOLATION;
}

}  // namespace

// The physical address of valid nonpaged memory, or of a page of the application; zero where the address is
// none. Any IRQL. nf-ntddk-mmgetphysicaladdress
PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID BaseAddress) {
  const uintptr_t address = Parameter(BaseAddress);
  PHYSICAL_ADDRESS physical = {};
  Pfn pfn;
  if (IsSystemAddress(address)) {
    if (!TheState().FrameOfSystemAddress(address, &pfn)) return physical;
  } else if (IsUserRange(address, 1)) {
    pfn = FrameOfUserAddress(address);
    if (pfn == 0) return physical;
  } else {
    return physical;
  }
  physical.QuadPart = static_cast<LONGLONG>((pfn << kPageShift) | (address & (kPageBytes - 1)));
  return physical;
}

// The address at which the executive has the physical address; NULL for none. Undocumented but widespread.
PVOID MmGetVirtualForPhysical(PHYSICAL_ADDRESS PhysicalAddress) {
  const auto address = static_cast<uint64_t>(PhysicalAddress.QuadPart);
  const Pfn pfn = address >> kPageShift;
  if (IsUserPfn(pfn)) return reinterpret_cast<PVOID>(UserAddressOfPfn(pfn) | (address & (kPageBytes - 1)));
  if (IsClientPfn(pfn)) {
    if (!TheState().client_window.IsMapped(pfn, 1)) return nullptr;
    return reinterpret_cast<PVOID>(AddressOfClientPfn(pfn) | (address & (kPageBytes - 1)));
  }
  if (!TheState().frames.IsAllocated(pfn, 1)) return nullptr;
  return reinterpret_cast<PVOID>(kSystemBase + address);
}

// Whether an access to the address would fault. IRQL <= DISPATCH_LEVEL. nf-ntddk-mmisaddressvalid
BOOLEAN MmIsAddressValid(PVOID VirtualAddress) {
  const uintptr_t address = Parameter(VirtualAddress);
  if (IsSystemAddress(address)) {
    if (MdlArena::Contains(VirtualAddress)) return os::GuardedReadByte(VirtualAddress) ? TRUE : FALSE;
    Pfn pfn;
    return TheState().FrameOfSystemAddress(address, &pfn) && os::GuardedReadByte(VirtualAddress) ? TRUE
                                                                                                 : FALSE;
  }
  if (!IsUserRange(address, 1)) return FALSE;
  if (AddressSpace* client = CurrentClientSpace();
      client != nullptr && !IsOwnMemory(address, address + 1, mm::Access::kRead)) {
    return client->Grants(address, address + 1, mm::Access::kRead) ? TRUE : FALSE;
  }
  return os::GuardedReadByte(VirtualAddress) ? TRUE : FALSE;
}

BOOLEAN MmIsNonPagedSystemAddressValid(PVOID VirtualAddress) {
  return MmIsAddressValid(VirtualAddress);
}

// Copies from any virtual or physical address without the danger of a fault. `*NumberOfBytesTransferred`: the
// bytes before the first that could not be read. IRQL <= APC_LEVEL. STATUS_INVALID_PARAMETER_4 for other than
// exactly one of the two flags, STATUS_ACCESS_VIOLATION, STATUS_INVALID_ADDRESS for device memory and for
// physical addresses that are none. nf-ntddk-mmcopymemory
NTSTATUS MmCopyMemory(PVOID TargetAddress, MM_COPY_ADDRESS SourceAddress, SIZE_T NumberOfBytes, ULONG Flags,
                      PSIZE_T NumberOfBytesTransferred) {
  *NumberOfBytesTransferred = 0;
  if (Flags != MM_COPY_MEMORY_VIRTUAL && Flags != MM_COPY_MEMORY_PHYSICAL) return STATUS_INVALID_PARAMETER_4;
  if (NumberOfBytes == 0) return STATUS_SUCCESS;
  uintptr_t source = Parameter(SourceAddress.VirtualAddress);
  if (Flags == MM_COPY_MEMORY_PHYSICAL) {
    const auto address = static_cast<uint64_t>(SourceAddress.PhysicalAddress.QuadPart);
    const Pfn first = address >> kPageShift;
    const Pfn last = (address + NumberOfBytes - 1) >> kPageShift;
    if (IsUserPfn(first)) {
      source = UserAddressOfPfn(first) | (address & (kPageBytes - 1));
    } else if (IsClientPfn(first)) {
      if (!TheState().client_window.IsMapped(first, last - first + 1)) return STATUS_INVALID_ADDRESS;
      source = AddressOfClientPfn(first) | (address & (kPageBytes - 1));
    } else {
      const FrameAllocator& frames = TheState().frames;
      if (last < first || !frames.IsRam(first) || !frames.IsRam(last)) return STATUS_INVALID_ADDRESS;
      // Any RAM, allocated or not, is memory that the system controls.
      if (!os::GuardedCopy(TargetAddress, reinterpret_cast<const void*>(kSystemBase + address),
                           NumberOfBytes)) {
        return STATUS_INVALID_ADDRESS;
      }
      *NumberOfBytesTransferred = NumberOfBytes;
      return STATUS_SUCCESS;
    }
  }
  uintptr_t fault = source;
  const Status status = CopyVirtual(TargetAddress, source, NumberOfBytes, &fault);
  if (status.ok()) {
    *NumberOfBytesTransferred = NumberOfBytes;
  } else if (fault > source && fault < source + NumberOfBytes) {
    // The part before is good; GuardedCopy has copied it or can.
    const SIZE_T good = fault - source;
    if (CurrentClientSpace() != nullptr && !IsSystemAddress(source)) {
      *NumberOfBytesTransferred = good;
    } else if (os::GuardedCopy(TargetAddress, reinterpret_cast<const void*>(source), good))
      *NumberOfBytesTransferred = good;
  }
  return status;
}

// The ranges of simulated RAM as a pool block that the caller frees; a zero entry ends it. PASSIVE_LEVEL.
// NULL: no pool. nf-ntddk-mmgetphysicalmemoryrangesex2
PPHYSICAL_MEMORY_RANGE MmGetPhysicalMemoryRangesEx2(PVOID, ULONG) {
  constexpr LONGLONG kIsaHole = 0xA0000, kEndOfIsaHole = 0x100000;
  constexpr LONGLONG kHole = 3 * static_cast<LONGLONG>(kGiB), kEndOfHole = 4 * static_cast<LONGLONG>(kGiB);
  const auto end = static_cast<LONGLONG>(TheState().frames.ram_pages() * kPageBytes);
  auto* ranges = static_cast<PPHYSICAL_MEMORY_RANGE>(
      ExAllocatePool2(POOL_FLAG_NON_PAGED, 4 * sizeof(PHYSICAL_MEMORY_RANGE), 'hPmM'));
  if (ranges == nullptr) return nullptr;
  ranges[0].BaseAddress.QuadPart = PAGE_SIZE;
  ranges[0].NumberOfBytes.QuadPart = kIsaHole - PAGE_SIZE;
  ranges[1].BaseAddress.QuadPart = kEndOfIsaHole;
  ranges[1].NumberOfBytes.QuadPart = kHole - kEndOfIsaHole;
  if (end > kEndOfHole) {
    ranges[2].BaseAddress.QuadPart = kEndOfHole;
    ranges[2].NumberOfBytes.QuadPart = end - kEndOfHole;
  }
  return ranges;
}

PPHYSICAL_MEMORY_RANGE MmGetPhysicalMemoryRangesEx(PVOID PartitionObject) {
  return MmGetPhysicalMemoryRangesEx2(PartitionObject, 0);
}
PPHYSICAL_MEMORY_RANGE MmGetPhysicalMemoryRanges(VOID) {
  return MmGetPhysicalMemoryRangesEx2(nullptr, 0);
}
