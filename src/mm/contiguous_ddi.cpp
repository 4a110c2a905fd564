// SPDX-License-Identifier: MIT
// Contiguous memory: MmAllocateContiguousMemory and its variants, MmAllocateNonCachedMemory, and their
// opposites.
#include <bit>

#include "mm/misuse.h"
#include "mm/poison.h"
#include "mm/state.h"

using namespace ring3;
using namespace ring3::mm;

namespace {

constexpr PHYSICAL_ADDRESS kNoLimit = {.QuadPart = -1};

PVOID Allocate(SIZE_T bytes, PHYSICAL_ADDRESS lowest, PHYSICAL_ADDRESS highest, PHYSICAL_ADDRESS boundary,
               const void* caller) {
  if (bytes == 0) return nullptr;
  const auto boundary_bytes = static_cast<uint64_t>(boundary.QuadPart);
  // A boundary within a page cannot be kept by anything that starts on one and is longer.
  if (boundary_bytes != 0 && (!std::has_single_bit(boundary_bytes) || boundary_bytes < bytes)) return nullptr;
  const uint64_t last_byte = static_cast<uint64_t>(highest.QuadPart);
  ExtentRequest request{.count = PagesOf(bytes)};
  request.lowest = PagesOf(static_cast<uint64_t>(lowest.QuadPart));
  // The highest acceptable address is the last byte that may be used: a page that it ends is whole.
  if (last_byte != ~uint64_t{0}) {
    if (last_byte + 1 < kPageBytes) return nullptr;
    request.highest = ((last_byte + 1) >> kPageShift) - 1;
  }
  request.boundary = boundary_bytes >> kPageShift;
  Pfn first;
  if (!TheState().frames.Allocate(request, PageContents::kUninitialized, &first)) return nullptr;
  const uintptr_t address = RamAddressOfPfn(first);
  TheState().blocks.Insert(address, {bytes, caller});
  Poison(address + bytes, request.count * kPageBytes - bytes);
  return reinterpret_cast<PVOID>(address);
}

void Free(PVOID base, SIZE_T expected_bytes) {
  ContiguousBlocks::Block block;
  const uintptr_t address = Parameter(base);
  State& state = TheState();
  if (!state.blocks.Remove(address, &block)) KeBugCheckEx(BAD_POOL_CALLER, 0x46, address, 0, 0);
  if (expected_bytes != 0 && PagesOf(expected_bytes) != PagesOf(block.byte_count)) {
    KeBugCheckEx(BAD_POOL_CALLER, 0x46, address, expected_bytes, block.byte_count);
  }
  const uint64_t pages = PagesOf(block.byte_count);
  const Pfn first = (address - kSystemBase) >> kPageShift;
  if (state.locked.AnyIn(address, pages * kPageBytes)) KeBugCheckEx(PFN_LIST_CORRUPT, 0x9A, first, 0, 1);
  state.frames.Free(first, pages);
}

}  // namespace

// Physically contiguous, nonpaged, page-aligned memory whose last byte is at or below
// `HighestAcceptableAddress`. Uninitialised. IRQL <= DISPATCH_LEVEL. NULL: there is none.
// nf-wdm-mmallocatecontiguousmemory
PVOID MmAllocateContiguousMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS HighestAcceptableAddress) {
  return Allocate(NumberOfBytes, {}, HighestAcceptableAddress, {}, __builtin_return_address(0));
}

// The same within a range and, unless it is zero, without crossing a multiple of `BoundaryAddressMultiple` (a
// power of two). nf-wdm-mmallocatecontiguousmemoryspecifycache
PVOID MmAllocateContiguousMemorySpecifyCache(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
                                             PHYSICAL_ADDRESS HighestAcceptableAddress,
                                             PHYSICAL_ADDRESS BoundaryAddressMultiple, MEMORY_CACHING_TYPE) {
  return Allocate(NumberOfBytes, LowestAcceptableAddress, HighestAcceptableAddress, BoundaryAddressMultiple,
                  __builtin_return_address(0));
}

// nf-wdm-mmallocatecontiguousmemoryspecifycachenode
PVOID MmAllocateContiguousMemorySpecifyCacheNode(SIZE_T NumberOfBytes,
                                                 PHYSICAL_ADDRESS LowestAcceptableAddress,
                                                 PHYSICAL_ADDRESS HighestAcceptableAddress,
                                                 PHYSICAL_ADDRESS BoundaryAddressMultiple,
                                                 MEMORY_CACHING_TYPE, NODE_REQUIREMENT) {
  return Allocate(NumberOfBytes, LowestAcceptableAddress, HighestAcceptableAddress, BoundaryAddressMultiple,
                  __builtin_return_address(0));
}

// `Protect`: PAGE_READWRITE or PAGE_EXECUTE_READWRITE, not both; with PAGE_NOCACHE or PAGE_WRITECOMBINE, not
// both. nf-wdm-mmallocatecontiguousnodememory
PVOID MmAllocateContiguousNodeMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
                                     PHYSICAL_ADDRESS HighestAcceptableAddress,
                                     PHYSICAL_ADDRESS BoundaryAddressMultiple, ULONG Protect,
                                     NODE_REQUIREMENT) {
  const ULONG caching = Protect & (PAGE_NOCACHE | PAGE_WRITECOMBINE);
  const ULONG access = Protect & ~caching;
  if ((access != PAGE_READWRITE && access != PAGE_EXECUTE_READWRITE) ||
      caching == (PAGE_NOCACHE | PAGE_WRITECOMBINE)) {
    return nullptr;
  }
  return Allocate(NumberOfBytes, LowestAcceptableAddress, HighestAcceptableAddress, BoundaryAddressMultiple,
                  __builtin_return_address(0));
}

// `*NumberOfBytes` becomes what was allocated. STATUS_INVALID_PARAMETER_6 for a protection that is none,
// STATUS_INSUFFICIENT_RESOURCES. nf-wdm-mmallocatecontiguousmemoryex
NTSTATUS MmAllocateContiguousMemoryEx(PSIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
                                      PHYSICAL_ADDRESS HighestAcceptableAddress,
                                      PHYSICAL_ADDRESS BoundaryAddressMultiple,
                                      NODE_REQUIREMENT PreferredNode, ULONG Protect, PVOID, ULONG, ULONG,
                                      PVOID* BaseAddress) {
  (void)PreferredNode;
  *BaseAddress = nullptr;
  const ULONG access = Protect & ~(PAGE_NOCACHE | PAGE_WRITECOMBINE);
  if (access != PAGE_READWRITE && access != PAGE_EXECUTE_READWRITE) return STATUS_INVALID_PARAMETER_6;
  *BaseAddress = Allocate(*NumberOfBytes, LowestAcceptableAddress, HighestAcceptableAddress,
                          BoundaryAddressMultiple, __builtin_return_address(0));
  return *BaseAddress == nullptr ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

// IRQL <= DISPATCH_LEVEL. BAD_POOL_CALLER (0x46) for an address that is not the start of contiguous memory or
// was freed, PFN_LIST_CORRUPT (0x9A) where an MDL has pages of it locked. nf-wdm-mmfreecontiguousmemory
VOID MmFreeContiguousMemory(PVOID BaseAddress) {
  Free(BaseAddress, 0);
}

// The same; `NumberOfBytes` as allocated. nf-wdm-mmfreecontiguousmemoryspecifycache
VOID MmFreeContiguousMemorySpecifyCache(PVOID BaseAddress, SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE) {
  Free(BaseAddress, NumberOfBytes);
}

// Nonpaged memory in whole pages, uninitialised. IRQL <= APC_LEVEL. nf-ntddk-mmallocatenoncachedmemory
PVOID MmAllocateNonCachedMemory(SIZE_T NumberOfBytes) {
  return Allocate(ROUND_TO_PAGES(NumberOfBytes), {}, kNoLimit, {}, __builtin_return_address(0));
}

// BAD_POOL_CALLER (0x46) where the address or the size is not as allocated. nf-ntddk-mmfreenoncachedmemory
VOID MmFreeNonCachedMemory(PVOID BaseAddress, SIZE_T NumberOfBytes) {
  Free(BaseAddress, NumberOfBytes);
}
