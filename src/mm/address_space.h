// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "ddi/mm.h"

// A process's user memory as drivers and the system services change it. Embedded, every process of the
// executive lives in the one Linux address space; what was made on behalf of a process is tagged with it.
namespace ring3::mm {

// Virtual memory for applications: ZwAllocateVirtualMemory and its kin, arguments captured and the process
// resolved.
// `*base` and `*byte_count` in and out as documented (nf-ntifs-zwallocatevirtualmemory). PASSIVE_LEVEL.
Status AllocateVirtualMemory(PEPROCESS process, void** base, uint64_t zero_bits, size_t* byte_count,
                             ULONG allocation_type, ULONG protect);
// nf-ntifs-zwfreevirtualmemory. Pages that a driver has locked stay until they are unlocked.
Status FreeVirtualMemory(PEPROCESS process, void** base, size_t* byte_count, ULONG free_type);
// Rounds to pages as VirtualProtect does. STATUS_INVALID_PAGE_PROTECTION where a secured range or a read-only
// view would be loosened against its terms; STATUS_NOT_COMMITTED.
Status ProtectVirtualMemory(PEPROCESS process, void** base, size_t* byte_count, ULONG new_protect,
                            ULONG* old_protect);
// nf-ntifs-zwqueryvirtualmemory, MemoryBasicInformation. Knows memory that Linux mapped as well as our own.
Status QueryVirtualMemory(PEPROCESS process, const void* address, MEMORY_BASIC_INFORMATION* information);

// Ends `process`'s user memory: its virtual memory, the driver memory mapped into it, its secured ranges.
// Call it when no thread of the process runs any more, after the LockedPagesOf check.
void TearDownAddressSpace(PEPROCESS process);

// User-mode views of driver memory that `process` has (MmMapLockedPagesSpecifyCache with UserMode).
size_t UserViewsOf(PEPROCESS process);

}  // namespace ring3::mm
