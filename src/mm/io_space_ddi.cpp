// SPDX-License-Identifier: MIT
// MmMapIoSpace, MmMapIoSpaceEx, MmUnmapIoSpace, MmIsIoSpaceActive.
#include "mm/io_space.h"
#include "mm/misuse.h"
#include "mm/state.h"

using namespace ring3;
using namespace ring3::mm;

namespace {

PVOID Map(PHYSICAL_ADDRESS physical, SIZE_T bytes, os::Protection protection, const void* caller) {
  State& state = TheState();
  const auto address = static_cast<uint64_t>(physical.QuadPart);
  const KIRQL irql = CurrentIrql();
  if (irql > DISPATCH_LEVEL) VerifierViolation(0x73, irql, address, bytes);
  if (bytes == 0 || address + bytes < address) return nullptr;
  const Pfn first = address >> kPageShift;
  const uint64_t pages = PagesOf((address & (kPageBytes - 1)) + bytes);
  if (IsUserPfn(first)) {
    // Embedded: pages of the application, locked, are at their one address.
    return reinterpret_cast<PVOID>(UserAddressOfPfn(first) + (address & (kPageBytes - 1)));
  }
  if (IsClientPfn(first)) {
    // Pages of an application in another process, locked. They have their one address too.
    if (!state.client_window.IsMapped(first, pages)) return nullptr;
    return reinterpret_cast<PVOID>(AddressOfClientPfn(first) + (address & (kPageBytes - 1)));
  }
  if (state.frames.IsRam(first)) {
    for (uint64_t i = 0; i < pages; ++i) {
      if (!state.frames.IsAllocated(first + i, 1)) VerifierViolation(0x83, address, bytes, first + i);
    }
  } else if (!RegisterIoRange(address, bytes).ok()) {
    return nullptr;
  }
  const uintptr_t view =
      state.views.Reserve({ViewSpace::Use::kIoSpace, pages, 0, nullptr, pages, caller, first});
  if (view == 0) return nullptr;
  if (!MapRun(view, first, pages, protection).ok()) {
    state.views.Release(view);
    return nullptr;
  }
  return reinterpret_cast<PVOID>(view + (address & (kPageBytes - 1)));
}

}  // namespace

// Maps device memory, which starts as zeros, or RAM that an MDL or a contiguous block holds. IRQL <=
// DISPATCH_LEVEL. NULL: no room, zero bytes, or a range that is partly RAM. 0xC4: 0x73 for the IRQL, 0x83 for
// RAM that is nobody's. nf-wdm-mmmapiospace
PVOID MmMapIoSpace(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE) {
  return Map(PhysicalAddress, NumberOfBytes, os::Protection::kReadWrite, __builtin_return_address(0));
}

// The same with one of PAGE_READONLY, PAGE_READWRITE and the PAGE_EXECUTE family, and at most one of
// PAGE_NOCACHE and PAGE_WRITECOMBINE. NULL for another combination. nf-wdm-mmmapiospaceex
PVOID MmMapIoSpaceEx(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes, ULONG Protect) {
  constexpr ULONG kCaching = PAGE_NOCACHE | PAGE_WRITECOMBINE;
  if ((Protect & kCaching) == kCaching) return nullptr;
  os::Protection protection;
  switch (Protect & ~kCaching) {
    case PAGE_READONLY:
      protection = os::Protection::kRead;
      break;
    case PAGE_READWRITE:
      protection = os::Protection::kReadWrite;
      break;
    case PAGE_EXECUTE:
      protection = os::Protection::kExecute;
      break;
    case PAGE_EXECUTE_READ:
      protection = os::Protection::kReadExecute;
      break;
    case PAGE_EXECUTE_READWRITE:
      protection = os::Protection::kReadWriteExecute;
      break;
    default:
      return nullptr;
  }
  return Map(PhysicalAddress, NumberOfBytes, protection, __builtin_return_address(0));
}

// Undoes MmMapIoSpace. IRQL <= DISPATCH_LEVEL, 0xC4 (0x7B) above. SYSTEM_PTE_MISUSE: 0x302 where the address
// is not that of such a mapping, 0x303 where the size is another. nf-wdm-mmunmapiospace
VOID MmUnmapIoSpace(PVOID BaseAddress, SIZE_T NumberOfBytes) {
  const KIRQL irql = CurrentIrql();
  if (irql > DISPATCH_LEVEL) VerifierViolation(0x7B, irql, Parameter(BaseAddress), NumberOfBytes);
  const uintptr_t page = Parameter(PAGE_ALIGN(BaseAddress));
  if (!IsSystemAddress(page)) return;
  ViewSpace::View view;
  if (!TheState().views.Find(page, &view) || view.use != ViewSpace::Use::kIoSpace) {
    KeBugCheckEx(SYSTEM_PTE_MISUSE, 0x302, page, 0, 0);
  }
  const uint64_t pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(BaseAddress, NumberOfBytes);
  if (pages != view.page_count) KeBugCheckEx(SYSTEM_PTE_MISUSE, 0x303, page, pages, 0);
  TheState().views.Release(page);
}

// Whether physical addresses of the range are mapped by MmMapIoSpace.
LOGICAL MmIsIoSpaceActive(PHYSICAL_ADDRESS StartAddress, SIZE_T NumberOfBytes) {
  const auto address = static_cast<uint64_t>(StartAddress.QuadPart);
  const Pfn first = address >> kPageShift;
  const uint64_t pages = PagesOf((address & (kPageBytes - 1)) + NumberOfBytes);
  return TheState().views.AnyIoSpace(first, pages) ? TRUE : FALSE;
}
