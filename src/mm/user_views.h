// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <map>

#include "base/leak_report.h"
#include "base/result.h"
#include "base/spin_lock.h"
#include "ddi/mm.h"
#include "mm/layout.h"

namespace ring3::mm {

// Driver memory that is mapped into applications: MmMapLockedPagesSpecifyCache with UserMode. Each view is a
// mapping of its own, tagged with the process that it was made in.
class UserViews {
 public:
  struct View {
    PEPROCESS process;
    PMDL mdl;
    uint64_t page_count;
    Pfn first_frame;  // of its first page, to find out what is mapped
    bool contiguous;
    bool writable;
    bool aliases_user;  // embedded: the pages are the application's own, so the view is the memory itself
    const void* mapped_by;
  };

  // Maps the pages of `mdl`, at `requested` when that is not zero, and returns the address of the first page.
  // STATUS_CONFLICTING_ADDRESSES, STATUS_INVALID_ADDRESS, STATUS_INSUFFICIENT_RESOURCES. Takes locks, enters
  // the kernel.
  enum class Write : uint8_t { kAllowed, kRefused };
  Result<uintptr_t> Map(PEPROCESS process, PMDL mdl, uintptr_t requested, Write write, const void* mapped_by);

  // Undoes Map. STATUS_NOT_MAPPED_VIEW where `process` has no view of `mdl` at `address`.
  Status Unmap(PEPROCESS process, PMDL mdl, uintptr_t address);

  void UnmapAll(PEPROCESS process);
  size_t CountOf(PEPROCESS process);
  bool AnyOf(PMDL mdl);
  // The view that holds `address`, and its start.
  bool Find(uintptr_t address, View* view, uintptr_t* start);

  void Shutdown(LeakReport& leaks);

 private:
  // An unused range that starts at a multiple of Windows' granularity. Zero: none.
  uintptr_t ReserveView(uint64_t byte_count);

  SpinLock lock_{LockRank::kSection};
  // Where a view ended last: most likely free, and aligned, which saves asking Linux for more than is wanted.
  std::atomic<uintptr_t> last_unmapped_{0};
  std::multimap<uintptr_t, View> views_ RING3_GUARDED_BY(lock_);
};

}  // namespace ring3::mm
