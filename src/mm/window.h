// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/leak_report.h"
#include "base/result.h"
#include "ke/kthread.h"
#include "ke/room.h"
#include "mm/address_space.h"
#include "mm/frame_run.h"
#include "mm/user_memory.h"
#include "mm/user_window.h"
#include "mm/window_pages.h"
#include "os/fault_handler.h"
#include "os/memory.h"
#include "os/mutex.h"

namespace ring3::mm {

// The lock is held, and the thread is not held up meanwhile: whoever holds a thread up finds it busy and lets
// it go on.
class RING3_SCOPED_CAPABILITY WindowGuard {
 public:
  explicit WindowGuard(os::Mutex& mutex) RING3_ACQUIRE(mutex)
      : WindowGuard(mutex, ke::CurrentThreadOrNull()) {}
  ~WindowGuard() RING3_RELEASE() {
    mutex_.Unlock();
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (slot_ != nullptr) slot_->busy.store(was_busy_, std::memory_order_relaxed);
  }
  WindowGuard(const WindowGuard&) = delete;
  WindowGuard& operator=(const WindowGuard&) = delete;

 private:
  WindowGuard(os::Mutex& mutex, PKTHREAD thread) RING3_ACQUIRE(mutex)
      : mutex_(mutex),
        slot_(thread == nullptr ? nullptr : thread->room_slot),
        was_busy_(slot_ != nullptr && slot_->busy.load(std::memory_order_relaxed)) {
    if (slot_ != nullptr) slot_->busy.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    mutex_.Lock();
  }

  os::Mutex& mutex_;
  ke::RoomSlot* const slot_;
  const bool was_busy_;
};

// What is shown is the client's memory itself, not what came with its request: what a driver writes is there
// when it looks again.
class PastInlineMemory {
 public:
  PastInlineMemory() : saved_(std::exchange(t_inline_memory, nullptr)) {}
  ~PastInlineMemory() { t_inline_memory = saved_; }
  PastInlineMemory(const PastInlineMemory&) = delete;
  PastInlineMemory& operator=(const PastInlineMemory&) = delete;

 private:
  InlineMemory* const saved_;
};

inline bool MayWait(PKTHREAD thread) {
  return thread->state.irql < DISPATCH_LEVEL;
}
inline AddressSpace& SpaceOf(PKPROCESS process) {
  return *process->address_space;
}
inline bool Load(AddressSpace& space, std::byte* destination, uintptr_t address, size_t byte_count) {
  const PastInlineMemory past;
  return space.Read(destination, address, byte_count);
}

// What user_window.h describes. All of it may run in a signal handler: no heap, no lock but its own, which is
// never held by code that can fault at a user address or be held up.
class UserWindow {
 public:
  using RoomSlot = ke::RoomSlot;

  Status Start();
  void Stop(LeakReport& leaks);

  bool OnFault(const os::MemoryFault& fault);
  void OnHold();
  void OnEnter(PKTHREAD thread, RoomSlot& slot, PKPROCESS process);
  void OnLeave(RoomSlot& slot, PKPROCESS process);

  void DropAll(PKPROCESS process);
  void Forget(PKPROCESS process, uintptr_t start, uintptr_t end, UserWindowMoment gone);
  UserWindowMoment Now();
  void Settle(PKPROCESS process);
  bool IsOwnMemory(uintptr_t start, uintptr_t end);
  UserWindowCounts Counts();

 private:
  using Run = WindowPages::Run;
  using Kind = WindowPages::Kind;

  // Who waits looks again this often by himself: the others' slices end, his patience does.
  static constexpr int64_t kLookNs = 500'000;
  static constexpr int64_t kLongestEntryNs = 20'000'000;

  // ---- Turns: window_turns.cpp
  // The window is `process`'s, and no thread is in another client's room. False: not without waiting, or
  // Linux refuses.
  bool ClaimLocked(RoomSlot& slot, PKPROCESS process, bool may_wait) RING3_REQUIRES(mutex_);
  bool IsNextLocked(PKPROCESS process, uint64_t ticket) RING3_REQUIRES(mutex_);
  bool NobodyElseInsideLocked(PKPROCESS process) RING3_REQUIRES(mutex_);
  void HoldOthersLocked(PKPROCESS process) RING3_REQUIRES(mutex_);
  // The thread, which is outside, goes (back) into its room.
  void GoInLocked(RoomSlot& slot, PKPROCESS process, int64_t longest_ns) RING3_REQUIRES(mutex_);
  bool MustStayOutLocked(PKPROCESS process, int64_t now) RING3_REQUIRES(mutex_);
  void EvictLocked() RING3_REQUIRES(mutex_);
  void GoOutLocked(RoomSlot& slot, PKPROCESS process) RING3_REQUIRES(mutex_);
  void WaitLocked(int64_t deadline) RING3_REQUIRES(mutex_);
  void WakeLocked() RING3_REQUIRES(mutex_);
  // Tells those who come and go, by ke::g_window, what they have to mind.
  void PublishLocked() RING3_REQUIRES(mutex_);

  // ---- Bringing memory in: window_loading.cpp. `Locked` from here on also says that the lock may be
  // released and taken again.
  bool BringInLocked(RoomSlot& slot, PKPROCESS process, const os::MemoryFault& fault, bool may_wait)
      RING3_REQUIRES(mutex_);
  enum class Outcome : uint8_t { kThere, kAgain, kNoRoom, kFails };
  Outcome UseShownLocked(Run& run, const os::MemoryFault& fault) RING3_REQUIRES(mutex_);
  Outcome LoadLocked(PKPROCESS process, const os::MemoryFault& fault) RING3_REQUIRES(mutex_);
  // `frames` are what the client has mapped from `start` on.
  Outcome ShareLocked(PKPROCESS process, uintptr_t page, const os::Region& region, const FrameRun& frames,
                      uintptr_t start) RING3_REQUIRES(mutex_);
  Outcome ShareInGateLocked(PKPROCESS process, uintptr_t page, const os::Region& region,
                            const FrameRun& frames, uintptr_t start) RING3_REQUIRES(mutex_);
  Outcome SnapshotLocked(PKPROCESS process, uintptr_t page, const os::Region& region, bool for_write)
      RING3_REQUIRES(mutex_);
  // As many pages as there is room for, which `page_count` says afterwards.
  Outcome CopyInLocked(PKPROCESS process, uintptr_t page, uint32_t* page_count, const os::Region& region,
                       bool for_write) RING3_REQUIRES(mutex_);
  void MakeRoomLocked(PKPROCESS process) RING3_REQUIRES(mutex_);

  // ---- Keeping it, or writing it back: window_settling.cpp
  // A thread of the client comes or goes: it is outside for the moment.
  enum class Occasion : uint8_t { kEnter, kLeave };
  void RefreshLocked(const RoomSlot& slot, PKPROCESS process, Occasion occasion) RING3_REQUIRES(mutex_);
  bool IsAloneLocked(const RoomSlot& slot, PKPROCESS process) RING3_REQUIRES(mutex_);
  // The kept snapshots, of which nobody can make use at the moment: as the client's memory is now, or written
  // to it.
  void RenewLocked(Run& run) RING3_REQUIRES(mutex_);
  void SettleLocked(Run& run) RING3_REQUIRES(mutex_);
  // Takes down the other snapshots.
  void ForEachKeptLocked(PKPROCESS process, void (UserWindow::*what)(Run& run)) RING3_REQUIRES(mutex_);
  void CheckSharedLocked(PKPROCESS process) RING3_REQUIRES(mutex_);
  void WriteBackLocked(PKPROCESS process) RING3_REQUIRES(mutex_);
  // The run is pinned meanwhile; may be gone afterwards.
  void WriteRunLocked(Run& run) RING3_REQUIRES(mutex_);
  uint64_t WriteChanges(const Run& run) RING3_NO_THREAD_SAFETY_ANALYSIS;

  bool IsCurrentLocked(PKPROCESS process, uint64_t epoch) RING3_REQUIRES(mutex_) {
    return owner_ == process && epoch_ == epoch;
  }

  os::Mutex mutex_;
  bool started_ RING3_GUARDED_BY(mutex_) = false;
  PKPROCESS owner_ RING3_GUARDED_BY(mutex_) = nullptr;
  int64_t slice_end_ RING3_GUARDED_BY(mutex_) = 0;
  uint64_t tickets_ RING3_GUARDED_BY(mutex_) = 0;
  // Who wants the window, with a ticket or (for a moment) without.
  uint32_t claimants_ RING3_GUARDED_BY(mutex_) = 0;
  // Threads that read memory of clients right now, the lock released.
  uint32_t loading_ RING3_GUARDED_BY(mutex_) = 0;
  // Changes whenever what was read of a client before may be out of date.
  uint64_t epoch_ RING3_GUARDED_BY(mutex_) = 0;
  uint32_t entries_without_load_ RING3_GUARDED_BY(mutex_) = 0;
  // Changes, and is woken, when somebody who waits had better look.
  std::atomic<uint32_t> turn_{0};
  uint32_t sleepers_ RING3_GUARDED_BY(mutex_) = 0;
  WindowPages pages_ RING3_GUARDED_BY(mutex_);
  // The last snapshots, for reading ahead.
  struct {
    PKPROCESS process = nullptr;
    uintptr_t end = 0;
    uint32_t page_count = 0;
  } last_ RING3_GUARDED_BY(mutex_);
  // Snapshots that were kept for requests, and dropped to see whether they are still touched.
  static constexpr size_t kProofs = 8;
  struct Proof {
    PKPROCESS process = nullptr;
    uintptr_t address = 0;
    uint32_t renewals = 0;
  };
  Proof proofs_[kProofs] RING3_GUARDED_BY(mutex_);
  size_t next_proof_ RING3_GUARDED_BY(mutex_) = 0;
  UserWindowCounts counts_ RING3_GUARDED_BY(mutex_) = {};
  os::RegionMap own_regions_;
};

}  // namespace ring3::mm
