// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <map>
#include <vector>

#include "base/result.h"
#include "base/spin_lock.h"
#include "mm/move_gate.h"
#include "mm/page_runs.h"
#include "mm/shared_object.h"
#include "os/memory.h"
#include "os/mutex.h"

namespace ring3::os {
struct MemoryFault;
}

namespace ring3::mm {

struct FrameRun;

// A range of addresses of this process.
struct AddressRange {
  uintptr_t start;
  uint64_t byte_count;
};

// The frames of simulated RAM and device memory that are not in RAM's memory object, but in one that
// applications get (SharedObject), and how they come there: at the same system addresses, while other threads
// use them.
//
// A page is in RAM or in one object:
//   RAM → object      the first time that it is shown to an application
//   object → object   where those who see the old one must not see, or may not do, the same as those of the
//                     new one
//   object → RAM      where somebody holds on to the object who may not see the page any more; when it is
//                     freed
class SharedFrames {
 public:
  // `ram` outlives it.
  Status Initialize(const os::MemoryObject& ram);
  void Shutdown();

  MoveGate& gate() { return gate_; }

  // Maps consecutive frames, wherever they are, over what is at `address`. kRead maps them so that nobody can
  // make the mapping writable. Enters the gate.
  Status MapAt(uintptr_t address, uint64_t page, uint64_t count, os::Protection protection);

  // The pages are about to be freed: they are RAM again, reading as zeros. Applications that still see the
  // old contents see nothing else from now on. False: Linux has no memory for that, and the pages cannot be
  // used any more.
  bool Restore(uint64_t page, uint64_t count);

  // The frames that a mapping of the object `file` shows from `offset` on, as far as they are consecutive.
  // False: the file is no object of ours, or the page has left it.
  bool FindFrames(const os::FileIdentity& file, uint64_t offset, FrameRun* frames);

  // ---- Where pages are

  struct Place {
    SharedObjectRef object;  // null: RAM
    uint64_t object_page;
    PageRun run;
  };
  // In the order of `runs`.
  std::vector<Place> PlacesOf(const PageRuns& runs);
  PageRuns PagesIn(const SharedObject& object);
  bool IsSealed(const SharedObject& object);
  bool IsTainted(const SharedObject& object);
  void Taint(SharedObject& object);
  // Nobody can map it for writing any more.
  Status Seal(SharedObject& object);

  // Moves pages, all of them in `from` (null: RAM), into `to` (null: RAM), there to pages 0, 1, … in the
  // order of `runs`. Host threads that write to them meanwhile wait; applications must be held off by the
  // caller. `windows` are further addresses at which pages of `from` may be mapped in this process. Where it
  // fails, some pages may have moved: each is whole, in one object or the other. PASSIVE_LEVEL;
  // STATUS_INSUFFICIENT_RESOURCES.
  Status Move(const PageRuns& runs, const SharedObjectRef& from, const SharedObjectRef& to,
              const std::vector<AddressRange>& windows);

  uint64_t moved_pages() const { return moved_pages_.load(std::memory_order_relaxed); }
  // Rises with every move.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  struct Moved {
    uint64_t count;
    Pfn pfn;
    SharedObjectRef object;
    uint64_t object_page;
  };
  using Table = std::map<uint64_t, Moved>;
  class Chunk;
  friend class Chunk;

  void SplitAtLocked(uint64_t page) RING3_REQUIRES(lock_);
  // `emptied` keeps objects that lose their last page alive until the lock is free.
  void ForgetLocked(uint64_t page, uint64_t count, std::vector<SharedObjectRef>* emptied)
      RING3_REQUIRES(lock_);
  void RememberLocked(const PageRun& run, const SharedObjectRef& object, uint64_t object_page)
      RING3_REQUIRES(lock_);
  std::vector<Place> PlacesOfLocked(const PageRuns& runs) RING3_REQUIRES(lock_);

  static bool OnFault(const os::MemoryFault& fault);

  const os::MemoryObject* ram_ = nullptr;
  os::FileIdentity ram_identity_{};
  MoveGate gate_;
  os::Mutex move_mutex_;  // one move at a time
  bool has_fault_hook_ RING3_GUARDED_BY(move_mutex_) = false;
  std::atomic<uint64_t> moved_pages_{0};
  std::atomic<uint64_t> generation_{0};
  SpinLock lock_{LockRank::kSharedFrames};
  Table table_ RING3_GUARDED_BY(lock_);
};

}  // namespace ring3::mm
