// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/leak_report.h"
#include "base/result.h"
#include "base/spin_lock.h"
#include "ddi/mm.h"
#include "mm/layout.h"

namespace ring3::mm {

class AddressSpace;
class ClientPort;
class MdlFrames;
class ViewClient;
struct ClientView;

// Driver memory that is mapped into applications: MmMapLockedPagesSpecifyCache with UserMode. Each view is a
// mapping of its own, tagged with the process that it was made in.
class UserViews {
 public:
  explicit UserViews(AddressSpace& space);
  ~UserViews();

  // The space is that of an application in a process of its own; `port` is there until UnmapAll has returned.
  // Before anything else.
  void SetClient(ClientPort& port, int process_id);

  struct View {
    PEPROCESS process;
    PMDL mdl;
    uint64_t page_count;
    Pfn first_frame;  // of its first page, to find out what is mapped
    bool contiguous;
    bool writable;
    bool aliases_user;  // embedded: the pages are the application's own, so the view is the memory itself
    const void* mapped_by;
    std::shared_ptr<ClientView>
        in_client;  // of driver memory in a client; null: of its own, or in this process
  };

  // Maps the pages of `mdl`, at `requested` when that is not zero, and returns the address of the first page.
  // STATUS_CONFLICTING_ADDRESSES, STATUS_INVALID_ADDRESS, STATUS_INSUFFICIENT_RESOURCES, STATUS_NOT_SUPPORTED
  // for pages of an application that cannot be mapped there. Takes locks, enters the kernel; in a client,
  // blocks for its answers.
  enum class Write : uint8_t { kAllowed, kRefused };
  Result<uintptr_t> Map(PEPROCESS process, PMDL mdl, uintptr_t requested, Write write, const void* mapped_by);

  // Undoes Map. STATUS_NOT_MAPPED_VIEW where `process` has no view of `mdl` at `address`.
  Status Unmap(PEPROCESS process, PMDL mdl, uintptr_t address);

  // At the end of the process; nothing can be mapped into a client any more.
  void UnmapAll(PEPROCESS process);
  size_t CountOf(PEPROCESS process);
  bool AnyOf(PMDL mdl);
  // With a lock held: nothing that may take another is to be called.
  void ForEach(const std::function<void(uintptr_t start, const View& view)>& visit);
  // The view that holds `address`, and its start.
  bool Find(uintptr_t address, View* view, uintptr_t* start);

  void Shutdown(LeakReport& leaks);

 private:
  // An unused range that starts at a multiple of Windows' granularity. Zero: none.
  uintptr_t ReserveView(uint64_t byte_count);
  // Zero bytes of it are mapped. At `requested`, unless that is zero.
  Result<uintptr_t> Reserve(uintptr_t requested, uint64_t byte_count);
  Status MapHere(const MdlFrames& frames, uintptr_t requested, View* view, uintptr_t* address);
  Status MapInClient(const MdlFrames& frames, uintptr_t requested, View* view, uintptr_t* address);
  Status MapOwnInClient(const MdlFrames& frames, uintptr_t address, const View& view);
  void ReleaseInClient(uintptr_t address, const View& view);
  void Undo(uintptr_t address, const View& view);

  AddressSpace& space_;
  std::unique_ptr<ViewClient> client_;
  SpinLock lock_{LockRank::kSection};
  // Where a view ended last: most likely free, and aligned, which saves asking Linux for more than is wanted.
  std::atomic<uintptr_t> last_unmapped_{0};
  std::multimap<uintptr_t, View> views_ RING3_GUARDED_BY(lock_);
};

}  // namespace ring3::mm
