// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>

#include "base/leak_report.h"
#include "base/result.h"
#include "ddi/mm_ntddk.h"
#include "mm/layout.h"
#include "os/memory.h"
#include "os/mutex.h"

namespace ring3::mm {

class AddressSpace;

// What applications reserved and committed (VirtualAlloc), and the ranges that drivers secured.
//
// A page of an allocation is reserved (inaccessible) or committed with a protection. Free pages belong to no
// allocation.
//   reserve: free → reserved      commit: reserved → committed      decommit: committed → reserved
//   release: reserved, committed → free, the whole allocation at once
class VirtualMemory {
 public:
  explicit VirtualMemory(AddressSpace& space) : space_(space) {}

  // See mm/address_space.h.
  Status Allocate(PEPROCESS process, uintptr_t* base, uint64_t zero_bits, uint64_t* byte_count, ULONG type,
                  ULONG protect);
  Status Free(PEPROCESS process, uintptr_t* base, uint64_t* byte_count, ULONG type);
  Status Protect(uintptr_t* base, uint64_t* byte_count, ULONG protect, ULONG* old_protect);
  Status Query(uintptr_t address, MEMORY_BASIC_INFORMATION* information);
  void ReleaseAll(PEPROCESS process);

  // MmSecureVirtualMemory: null where the range does not grant the access now, or is secured exclusively.
  HANDLE Secure(PEPROCESS process, uintptr_t start, uint64_t byte_count, ULONG probe_mode, ULONG flags);
  // False: no such handle of the process.
  bool Unsecure(PEPROCESS process, HANDLE handle);

  void Shutdown(LeakReport& leaks);

 private:
  struct Run {
    uint64_t page_count;
    ULONG protect;  // zero: reserved
  };
  struct Allocation {
    PEPROCESS process;
    uint64_t page_count;
    ULONG protect;
    bool stale;                    // decommitted pages that were locked may still hold their contents
    std::map<uint64_t, Run> runs;  // by first page; they cover the allocation
  };
  struct Secured {
    PEPROCESS process;
    uintptr_t start;
    uint64_t byte_count;
    ULONG probe_mode;
    ULONG flags;
  };
  using Allocations = std::map<uintptr_t, Allocation>;

  Allocations::iterator FindLocked(uintptr_t address, uint64_t byte_count) RING3_REQUIRES(lock_);
  Status ReserveLocked(PEPROCESS process, uintptr_t* base, uint64_t* byte_count, uint64_t zero_bits,
                       ULONG type, ULONG protect) RING3_REQUIRES(lock_);
  Status CommitLocked(uintptr_t start, uint64_t byte_count, ULONG protect) RING3_REQUIRES(lock_);
  Status ProtectOtherLocked(uintptr_t start, uint64_t byte_count, ULONG protect, ULONG* old_protect)
      RING3_REQUIRES(lock_);
  bool RefusesLocked(uintptr_t start, uint64_t byte_count, ULONG protect) RING3_REQUIRES(lock_);
  static void SetRuns(Allocation& allocation, uint64_t first, uint64_t count, ULONG protect);

  AddressSpace& space_;
  // Held while the application's process carries out what is ordered.
  os::Mutex lock_;
  Allocations allocations_ RING3_GUARDED_BY(lock_);
  std::map<uintptr_t, Secured> secured_ RING3_GUARDED_BY(lock_);
  uintptr_t next_handle_ RING3_GUARDED_BY(lock_) = 16;
};

// What Linux is asked for; false: not a protection that private memory can have.
bool ProtectionOfPage(ULONG protect, os::Protection* protection);

}  // namespace ring3::mm
