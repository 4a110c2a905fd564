// SPDX-License-Identifier: MIT
// debugger/bug-check-0x1a, 0x4d, 0x4e, 0x50, 0xda …: memory.
#include <bugcodes.h>

#include "ke/bugcheck_text_tables.h"

namespace ring3::ke {
namespace {

constexpr long long kAny = kAnyViolation;

// clang-format off: a row a line.
constexpr BugCheckEntry kEntries[] = {
    {PAGE_FAULT_IN_NONPAGED_AREA, kAny, {"A system address was touched that is not mapped: freed, unmapped, or simply wrong.", {"address touched", "0: read, 2: write, 0x10: execute", "instruction", nullptr}}},
    {MEMORY_MANAGEMENT, 0x0, {"A secured range of user memory was released with a wrong handle, or twice.", {"0", "handle", "process", nullptr}}},
    {MEMORY_MANAGEMENT, 0x1236, {"An MDL describes page frames that are not there, or ranges that do not belong together.", {"0x1236", "MDL", "page frame number's place, or address", "page frame number, or length"}}},
    {MEMORY_MANAGEMENT, 0x1240, {"An MDL describes pages that are not locked.", {"0x1240", "MDL", "address", nullptr}}},
    {MEMORY_MANAGEMENT, kAny, {"A severe memory management error.", {"kind", nullptr, nullptr, nullptr}}},
    {NO_PAGES_AVAILABLE, kAny, {"No free page is left.", {"pages to be written", nullptr, nullptr, nullptr}}},
    {NO_MORE_SYSTEM_PTES, kAny, {"The space for system mappings is used up, or fragmented, or mappings leak.", {"kind of mapping", "mappings asked for", "free mappings", "all mappings"}}},
    {TARGET_MDL_TOO_SMALL, kAny, {"IoBuildPartialMdl was given a target MDL that has no room for the pages asked for.", {"target MDL", nullptr, nullptr, nullptr}}},
    {MUST_SUCCEED_POOL_EMPTY, kAny, {"A must-succeed request could not be met.", {"bytes asked for", "pages used", "large requests", "available pages"}}},
    {PFN_LIST_CORRUPT, 0x7, {"A page was unlocked more often than it was locked.", {"7", "page frame number", "share count", nullptr}}},
    {PFN_LIST_CORRUPT, 0x9A, {"A page was freed that is still locked.", {"0x9A", "page frame number", "state", "reference count"}}},
    {PFN_LIST_CORRUPT, kAny, {"The bookkeeping of page frames is corrupt.", {"kind", "page frame number", nullptr, nullptr}}},
    {SYSTEM_PTE_MISUSE, 0x1, {"A mapping is freed twice.", {"1", "tracking entry", "MDL", "second tracking entry"}}},
    {SYSTEM_PTE_MISUSE, 0x2, {"Another number of pages is unmapped than was mapped.", {"2", "tracking entry", "pages mapped", "pages to unmap"}}},
    {SYSTEM_PTE_MISUSE, 0x3, {"Another address is unmapped than the MDL was mapped at.", {"3", "MDL", "address mapped", "address to unmap"}}},
    {SYSTEM_PTE_MISUSE, 0x4, {"The MDL's first page frame changed since it was mapped.", {"4", "tracking entry", "frame expected", "frame found"}}},
    {SYSTEM_PTE_MISUSE, 0x5, {"The MDL's start address changed since it was mapped.", {"5", "tracking entry", "address expected", "address found"}}},
    {SYSTEM_PTE_MISUSE, 0x6, {"An MDL is unmapped that is not mapped, or not any longer.", {"6", "MDL", "address to unmap", "pages"}}},
    {SYSTEM_PTE_MISUSE, 0x100, {"A mapping address of zero pages was asked for.", {"0x100", "pages", "caller's tag", "caller"}}},
    {SYSTEM_PTE_MISUSE, 0x101, {"A reserved mapping address is freed with another tag than it was allocated with.", {"0x101", "address", "caller's tag", "owner's tag"}}},
    {SYSTEM_PTE_MISUSE, 0x102, {"A mapping address is freed that is not reserved.", {"0x102", "address", "caller's tag", nullptr}}},
    {SYSTEM_PTE_MISUSE, 0x103, {"A reserved mapping address is freed while an MDL is mapped there: MmUnmapReservedMapping comes first.", {"0x103", "address", "caller's tag", "pages"}}},
    {SYSTEM_PTE_MISUSE, 0x104, {"An MDL is mapped at an address that was reserved with another tag.", {"0x104", "address", "caller's tag", "owner's tag"}}},
    {SYSTEM_PTE_MISUSE, 0x105, {"An MDL is mapped at an address that is not reserved.", {"0x105", "address", "caller's tag", nullptr}}},
    {SYSTEM_PTE_MISUSE, 0x107, {"An MDL is mapped at a reserved address where one is mapped already.", {"0x107", "first address", "address in use", "last address"}}},
    {SYSTEM_PTE_MISUSE, 0x108, {"A reserved mapping is undone with another tag than it was reserved with.", {"0x108", "address", "caller's tag", "owner's tag"}}},
    {SYSTEM_PTE_MISUSE, 0x109, {"A reserved mapping is undone where nothing is reserved.", {"0x109", "address", "caller's tag", nullptr}}},
    {SYSTEM_PTE_MISUSE, 0x10A, {"More pages are unmapped than the reserved mapping has.", {"0x10A", "address", "pages mapped", "pages to unmap"}}},
    {SYSTEM_PTE_MISUSE, 0x10B, {"A part of a reserved mapping is unmapped that is not mapped.", {"0x10B", "address", "caller's tag", "pages to unmap"}}},
    {SYSTEM_PTE_MISUSE, 0x10C, {"A reserved mapping is not unmapped as a whole.", {"0x10C", "address", "caller's tag", "pages to unmap"}}},
    {SYSTEM_PTE_MISUSE, 0x302, {"A system address is released that is not mapped.", {"0x302", "address", nullptr, nullptr}}},
    {SYSTEM_PTE_MISUSE, 0x303, {"A mapping is released that was never made.", {"0x303", "address", "pages", nullptr}}},
    {SYSTEM_PTE_MISUSE, 0x304, {"A mapping is released from its middle.", {"0x304", "address", "pages", nullptr}}},
    {SYSTEM_PTE_MISUSE, 0x305, {"A mapping is released with a wrong size.", {"0x305", "address", "pages to release", "pages mapped"}}},
    {SYSTEM_PTE_MISUSE, 0x306, {"A mapping is released that is free, at least in part.", {"0x306", "address", "free address", "pages"}}},
    {SYSTEM_PTE_MISUSE, 0x400, {"An I/O space mapping is released that was never made.", {"0x400", "address", "pages", nullptr}}},
    {SYSTEM_PTE_MISUSE, kAny, {"System mappings are misused.", {"kind", nullptr, nullptr, nullptr}}},
    {ATTEMPTED_WRITE_TO_CM_PROTECTED_STORAGE, kAny, {"Something wrote to a protected part of the registry.", {"address", nullptr, nullptr, nullptr}}},
};
// clang-format on

}  // namespace

std::span<const BugCheckEntry> MemoryBugChecks() {
  return kEntries;
}

}  // namespace ring3::ke
