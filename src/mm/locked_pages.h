// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "ddi/mm.h"
#include "mm/layout.h"

// What MmProbeAndLockPages locked and MmUnlockPages did not yet unlock.
namespace ring3::mm {

enum class Access : uint8_t;
struct ClientLock;

struct LockedRange {
  PMDL mdl;
  PEPROCESS process;  // null: kernel memory
  uintptr_t start;    // page aligned
  uint64_t page_count;
  const void* locked_by;  // the return address of the locking call: tells which driver
  Access access = {};
  ClientLock* client = nullptr;  // null: pages that this process has at `start`
};

// Pages that drivers keep locked in `process`: PROCESS_HAS_LOCKED_PAGES (0x76) when not zero at its end.
size_t LockedPagesOf(PEPROCESS process);

// Whether a driver has pages of the range of `process` locked.
bool AnyLockedIn(PEPROCESS process, uintptr_t start, uint64_t byte_count);

// The first range whose locker lies in [image_begin, image_end): DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS (0xCB)
// when there is one at unload. False: none.
bool FindLockedRangeOf(const void* image_begin, const void* image_end, LockedRange* found);

// A line for reports: what is locked, and by which code.
std::string Describe(const LockedRange& range);

// Calls `visit` for each range, with a lock held: no DDI may be called from it.
void ForEachLockedRange(const std::function<void(const LockedRange&)>& visit);

// What an interposed munmap does: unmaps [address, address + byte_count) or, where a driver has pages of it
// locked, leaves that to the unlocking of the last of them. No lock can come between the look and the
// unmapping. Safe while the executive is down.
__attribute__((visibility("default"))) void UnmapUserMemory(void* address, size_t byte_count);

// For other calls that take pages away (mremap, MADV_DONTNEED): runs `take`, unless a driver has pages of the
// range locked, and then returns false. Nobody locks pages meanwhile: `take` is a system call, no more.
__attribute__((visibility("default"))) bool RunUnlessLocked(void* address, size_t byte_count,
                                                            void (*take)(void*), void* context);

}  // namespace ring3::mm
