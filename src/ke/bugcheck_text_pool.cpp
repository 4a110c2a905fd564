// SPDX-License-Identifier: MIT
// debugger/bug-check-0x19, 0xc1, 0xc2, 0xc5, 0xcc, 0xcd, 0xd5, 0xd6: pool.
#include <bugcodes.h>

#include "ke/bugcheck_text_tables.h"

namespace ring3::ke {
namespace {

constexpr long long kAny = kAnyViolation;
constexpr int kByFourth = 3;

// clang-format off: a row a line.
constexpr BugCheckEntry kEntries[] = {
    {BAD_POOL_CALLER, 0x0, {"A pool block of zero bytes was asked for.", {"0: zero bytes", nullptr, "pool type", "pool tag"}}},
    {BAD_POOL_CALLER, 0x1, {"The header of a pool block is corrupt.", {"1: corrupt header", "pool header", "its first bytes", nullptr}}},
    {BAD_POOL_CALLER, 0x2, {"The header of a pool block is corrupt.", {"2: corrupt header", "pool header", "its first bytes", nullptr}}},
    {BAD_POOL_CALLER, 0x4, {"The header of a pool block is corrupt.", {"4: corrupt header", "pool header", "its first bytes", nullptr}}},
    {BAD_POOL_CALLER, 0x6, {"A pool block was freed that is free already.", {"6: freed twice", nullptr, "pool header", "its contents"}}},
    {BAD_POOL_CALLER, 0x7, {"A pool block was freed that is free already.", {"7: freed twice", nullptr, "pool header contents, or tag", "block"}}},
    {BAD_POOL_CALLER, 0x8, {"Pool was allocated at too high an IRQL for its type.", {"8: allocation at a bad IRQL", "IRQL", "pool type", "bytes"}}},
    {BAD_POOL_CALLER, 0x9, {"Pool was freed at too high an IRQL for its type.", {"9: free at a bad IRQL", "IRQL", "pool type", "block"}}},
    {BAD_POOL_CALLER, 0xA, {"A pool block was freed with another tag than it was allocated with.", {"0xA: wrong tag", "block", "tag of the allocation", "tag of the free"}}},
    {BAD_POOL_CALLER, 0xB, {"The quota of a corrupt pool block was to be returned.", {"0xB: quota", "block", "tag", "bad quota process"}}},
    {BAD_POOL_CALLER, 0xC, {"The quota of a corrupt pool block was to be returned.", {"0xC: quota", "block", "tag", "bad quota process"}}},
    {BAD_POOL_CALLER, 0xD, {"The quota of a corrupt pool block was to be returned.", {"0xD: quota", "block", "tag", "bad quota process"}}},
    {BAD_POOL_CALLER, 0x40, {"A user address was freed as pool.", {"0x40: user address", "address", "start of system addresses", nullptr}}},
    {BAD_POOL_CALLER, 0x41, {"An address was freed that is not an allocated one of nonpaged pool.", {"0x41: not allocated", "address", "page frame", "highest page frame"}}},
    {BAD_POOL_CALLER, 0x42, {"An address was freed that never was pool.", {"0x42: never pool", "address", nullptr, nullptr}}},
    {BAD_POOL_CALLER, 0x43, {"An address was freed that never was pool.", {"0x43: never pool", "address", nullptr, nullptr}}},
    {BAD_POOL_CALLER, 0x44, {"An address was freed that is not an allocated one of nonpaged pool.", {"0x44: not allocated", "address", nullptr, nullptr}}},
    {BAD_POOL_CALLER, 0x46, {"An address was freed that is not the start of a block.", {"0x46: not a block", "address", "size given", "size allocated"}}},
    {BAD_POOL_CALLER, 0x47, {"An address was freed that is not an allocated one of nonpaged pool.", {"0x47: not allocated", "address", "page frame", "highest page frame"}}},
    {BAD_POOL_CALLER, 0x48, {"An address was freed that is not an allocated one of paged pool.", {"0x48: not allocated", "address", nullptr, nullptr}}},
    {BAD_POOL_CALLER, 0x50, {"An address was freed that is not an allocated one of paged pool.", {"0x50: not allocated", "address", "page offset in paged pool", "size of paged pool"}}},
    {BAD_POOL_CALLER, 0x60, {"MmFreeContiguousMemory was given an address that is not contiguous memory.", {"0x60: not contiguous memory", "address", nullptr, nullptr}}},
    {BAD_POOL_CALLER, 0x99, {"An address was freed that is not pool, or the block's header is corrupt.", {"0x99: invalid address", "address", nullptr, nullptr}}},
    {BAD_POOL_CALLER, 0x9A, {"A must-succeed pool type was asked for, which there is no more.", {"0x9A: must succeed", "pool type", "bytes", "tag"}}},
    {BAD_POOL_CALLER, 0x9B, {"Pool was asked for with tag zero.", {"0x9B: tag of zero", "pool type", "bytes", "caller"}}},
    {BAD_POOL_CALLER, 0x9C, {"Pool was asked for with the tag BIG, which is the system's own.", {"0x9C: tag BIG", "pool type", "bytes", "caller"}}},
    {BAD_POOL_CALLER, 0x9D, {"Pool was asked for with a tag without a letter or digit.", {"0x9D: meaningless tag", "tag", "pool type", "caller"}}},
    {BAD_POOL_CALLER, 0x41286, {"An address in the middle of a paged pool block was freed.", {"0x41286: middle of a block", nullptr, nullptr, "page offset in paged pool"}}},
    {BAD_POOL_CALLER, kAny, {"A bad pool request.", {"kind", nullptr, nullptr, nullptr}}},
    {BAD_POOL_HEADER, 0x2, {"The pattern around a special pool block was overwritten.", {"2", "block", "size", nullptr}}},
    {BAD_POOL_HEADER, 0x3, {"The list of free pool blocks is corrupt: freed memory was written to.", {"3", "pool entry", "Flink found", "Blink found"}}},
    {BAD_POOL_HEADER, 0x5, {"Two neighbouring pool headers contradict each other: one was overrun.", {"5", "pool entry", nullptr, "other pool entry"}}},
    {BAD_POOL_HEADER, 0x20, {"The size in a pool header is corrupt: the block before it was overrun, most likely.", {"0x20: corrupt header", "pool entry", "next pool entry", nullptr}}},
    {BAD_POOL_HEADER, 0x21, {"The bytes behind a pool block were overwritten: its owner ran over its end.", {"0x21: overrun", "block being freed", "its size in bytes", "bytes found behind it"}}},
    {BAD_POOL_HEADER, 0x22, {"An address was freed that is not tracked: freed already, or never allocated.", {"0x22: not tracked", "address", nullptr, nullptr}}},
    {BAD_POOL_HEADER, 0xD, {"The header of a free block was modified: the block before it was overrun, or freed memory was written to.", {"0xD", "block", nullptr, nullptr}}},
    {BAD_POOL_HEADER, 0xE, {"The header of a free block was modified: the block before it was overrun, or freed memory was written to.", {"0xE", "block", nullptr, nullptr}}},
    {BAD_POOL_HEADER, 0xF, {"The header of a free block was modified: the block before it was overrun, or freed memory was written to.", {"0xF", "block", nullptr, nullptr}}},
    {BAD_POOL_HEADER, 0x23, {"A free block was modified: freed memory was written to, or the block before it was overrun.", {"0x23", "block", nullptr, nullptr}}},
    {BAD_POOL_HEADER, 0x24, {"A free block was modified: freed memory was written to, or the block before it was overrun.", {"0x24", "block", nullptr, nullptr}}},
    {BAD_POOL_HEADER, 0x25, {"A free block was modified: freed memory was written to, or the block before it was overrun.", {"0x25", "block", nullptr, nullptr}}},
    {BAD_POOL_HEADER, kAny, {"A pool header is corrupt.", {"kind", nullptr, nullptr, nullptr}}},
    {SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, 0x20, {"An address was freed that is not in use.", {"address", nullptr, nullptr, "0x20: not in use"}}, kByFourth},
    {SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, 0x21, {"A bad address was freed: not the start of a special pool block.", {"address", "bytes asked for", "bytes given", "0x21: bad address"}}, kByFourth},
    {SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, 0x22, {"A bad address was freed: not the start of a special pool block.", {"address", "bytes asked for", "bytes given", "0x22: bad address"}}, kByFourth},
    {SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, 0x23, {"Bytes near a special pool block, on its page, were overwritten.", {"address", "overwritten byte", nullptr, "0x23: bytes near the block"}}, kByFourth},
    {SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, 0x24, {"Bytes behind a special pool block were overwritten: its owner ran over its end.", {"address", "overwritten byte", nullptr, "0x24: overrun"}}, kByFourth},
    {SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, 0x30, {"Special pool was allocated at too high an IRQL for its type.", {"IRQL", "pool type", "bytes", "0x30: allocation at a bad IRQL"}}, kByFourth},
    {SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, 0x31, {"Special pool was freed at too high an IRQL for its type.", {"IRQL", "pool type", "address", "0x31: free at a bad IRQL"}}, kByFourth},
    {SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, kAny, {"A block of special pool is corrupt.", {"address", nullptr, nullptr, "kind"}}},
    {PAGE_FAULT_IN_FREED_SPECIAL_POOL, kAny, {"A driver used pool after it had been freed.", {"address touched", "0: read, 1: write", "instruction", nullptr}}},
    {PAGE_FAULT_BEYOND_END_OF_ALLOCATION, kAny, {"The executive ran over the end of a pool block.", {"address touched", "0: read, 1: write", "instruction", nullptr}}},
    {DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL, kAny, {"A driver used pool after it had been freed.", {"address touched", "0: read, 1: write", "instruction", nullptr}}},
    {DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION, kAny, {"A driver ran over the end of a pool block.", {"address touched", "0: read, 1: write", "instruction", nullptr}}},
    {DRIVER_CORRUPTED_EXPOOL, kAny, {"The pool is corrupt; a driver touched an address that is not there, at a raised IRQL.", {"address touched", "IRQL", "0: read, 1: write", "instruction"}}},
    {QUOTA_UNDERFLOW, kAny, {"More quota was returned to a process than was charged.", {"process", "quota type", "charged", "returned"}}},
};
// clang-format on

}  // namespace

std::span<const BugCheckEntry> PoolBugChecks() {
  return kEntries;
}

}  // namespace ring3::ke
