// SPDX-License-Identifier: MIT
#include "mm/user_window.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <utility>

#include "ke/room.h"
#include "mm/state.h"
#include "mm/user_memory.h"
#include "mm/window_pages.h"
#include "ntstatus.h"
#include "os/clock.h"
#include "os/fault_handler.h"
#include "os/futex.h"
#include "os/mutex.h"
#include "os/thread.h"
#include "os/thread_hold.h"

namespace ring3::mm {
namespace {

using ke::RoomSlot;
using Run = WindowPages::Run;
using Kind = WindowPages::Kind;

// How long the window stays with a client that had to ask for it, if others want it.
constexpr int64_t kSliceNs = 200'000;
// How long somebody who waits for the window has others stay in their rooms before he holds them.
constexpr int64_t kPatienceNs = 1'000'000;
constexpr int64_t kLongestHoldNs = 5'000'000;
constexpr int64_t kLongestEntryNs = 20'000'000;
// Who waits looks again this often by himself: the others' slices end, his patience does.
constexpr int64_t kLookNs = 500'000;

constexpr uint32_t kMostSnapshotPages = 256;
// How many requests in a row a snapshot is renewed for without being asked for: at first, and when it was
// touched again each time.
constexpr uint32_t kFirstRenewals = 2;
constexpr uint32_t kMostRenewals = 256;
constexpr uintptr_t kSharedBlockBytes = uintptr_t{16} << 20;
constexpr size_t kMostCheckedRuns = 8;
// On each way in, Linux is asked whether shared memory that is shown is still what the client has there. When
// nothing had to be brought in on so many of them, it is taken down instead.
constexpr uint32_t kMostEntriesWithoutLoad = 64;

constexpr uintptr_t PageOf(uintptr_t address) {
  return address & ~(kPageBytes - 1);
}
bool MayWait(PKTHREAD thread) {
  return thread->state.irql < DISPATCH_LEVEL;
}
AddressSpace& SpaceOf(PKPROCESS process) {
  return *process->address_space;
}

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
  RoomSlot* const slot_;
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

bool Load(AddressSpace& space, std::byte* destination, uintptr_t address, size_t byte_count) {
  const PastInlineMemory past;
  return space.Read(destination, address, byte_count);
}

// All of it may run in a signal handler: no heap, no lock but its own, which is never held by code that can
// fault at a user address or be held up.
class UserWindow {
 public:
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
  // ---- Turns
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

  // ---- Pages. `Locked` here also says that the lock may be released and taken again.
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
  // A thread of the client comes or goes: it is outside for the moment.
  enum class Occasion : uint8_t { kEnter, kLeave };
  void RefreshLocked(const RoomSlot& slot, PKPROCESS process, Occasion occasion) RING3_REQUIRES(mutex_);
  bool IsAloneLocked(const RoomSlot& slot, PKPROCESS process) RING3_REQUIRES(mutex_);
  // The kept snapshots, of which nobody can make use at the moment: as the client's memory is now, or written
  // to it.
  void RenewLocked(PKPROCESS process) RING3_REQUIRES(mutex_);
  void SettleLocked(PKPROCESS process) RING3_REQUIRES(mutex_);
  void CheckSharedLocked(PKPROCESS process) RING3_REQUIRES(mutex_);
  void WriteBackLocked(PKPROCESS process) RING3_REQUIRES(mutex_);
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

constinit UserWindow g_user_window;

bool OnFault(const os::MemoryFault& fault) {
  return g_user_window.OnFault(fault);
}
void OnHold() {
  g_user_window.OnHold();
}
constexpr ke::RoomHooks kRoomHooks = {
    [](PKTHREAD thread, RoomSlot& slot, PKPROCESS process) { g_user_window.OnEnter(thread, slot, process); },
    [](PKTHREAD, RoomSlot& slot, PKPROCESS process) { g_user_window.OnLeave(slot, process); }};

// ---- The ends

Status UserWindow::Start() {
  const WindowGuard guard(mutex_);
  if (started_) return STATUS_SUCCESS;
  Status status = pages_.store().Create();
  if (status.ok()) status = own_regions_.Open();
  if (status.ok() && !os::AddMemoryFaultHook(mm::OnFault)) status = STATUS_INSUFFICIENT_RESOURCES;
  if (!status.ok()) {
    own_regions_.Close();
    pages_.store().Close();
    return status;
  }
  os::BarrierOnAllThreads();  // registers the process for it
  os::SetHoldRoutine(mm::OnHold);
  ke::SetRoomHooks(&kRoomHooks);
  counts_ = {};
  started_ = true;
  return STATUS_SUCCESS;
}

void UserWindow::Stop(LeakReport& leaks) {
  const WindowGuard guard(mutex_);
  if (!started_) return;
  started_ = false;
  ke::SetRoomHooks(nullptr);
  os::SetHoldRoutine(nullptr);
  os::RemoveMemoryFaultHook(mm::OnFault);
  pages_.ForEach([&](const Run& run) {
    char line[96];
    std::snprintf(line, sizeof line, "user memory at 0x%llx of process 0x%llx is still shown",
                  static_cast<unsigned long long>(run.start),
                  static_cast<unsigned long long>(run.process->id));
    leaks.Add(line);
  });
  pages_.DropAll(nullptr);
  owner_ = nullptr;
  last_ = {};
  PublishLocked();
  own_regions_.Close();
  pages_.store().Close();
}

void UserWindow::DropAll(PKPROCESS process) {
  const WindowGuard guard(mutex_);
  if (!started_) return;
  ++epoch_;
  pages_.DropAll(process);
  for (Proof& proof : proofs_) {
    if (proof.process == process) proof = {};
  }
  while (pages_.HasUnwritten(process)) WaitLocked(os::MonotonicNs() + kLookNs);
  if (owner_ == process) owner_ = nullptr;
  if (last_.process == process) last_ = {};
  PublishLocked();
  WakeLocked();
}

void UserWindow::Forget(PKPROCESS process, uintptr_t start, uintptr_t end, UserWindowMoment gone) {
  const WindowGuard guard(mutex_);
  if (!started_) return;
  // Whoever has looked at the client's mappings looks again.
  ++epoch_;
  pages_.Forget(process, start, end, gone);
  PublishLocked();
}

UserWindowMoment UserWindow::Now() {
  const WindowGuard guard(mutex_);
  return pages_.now();
}

void UserWindow::Settle(PKPROCESS process) {
  PKTHREAD thread = ke::CurrentThreadOrNull();
  // Whoever is inside writes back when it leaves.
  if (thread != nullptr && thread->in_room) return;
  const WindowGuard guard(mutex_);
  if (!pages_.HasUnsettled(process)) return;
  if (owner_ == process) {
    ++epoch_;
    pages_.TakeDownSnapshots(process);
  }
  WriteBackLocked(process);
  PublishLocked();
}

bool UserWindow::IsOwnMemory(uintptr_t start, uintptr_t end) {
  const WindowGuard guard(mutex_);
  if (!started_) return false;
  for (uintptr_t at = start; at < end;) {
    const Run* run = pages_.FindShown(at);
    if (run == nullptr) {
      os::Region region;
      if (!own_regions_.FindOrNext(at, &region) || region.start >= end) return false;
      at = std::max(at, region.start);
      run = pages_.FindShown(at);
      if (run == nullptr) return true;
    }
    at = run->end;
  }
  return false;
}

UserWindowCounts UserWindow::Counts() {
  const WindowGuard guard(mutex_);
  UserWindowCounts counts = counts_;
  counts.shown_runs = pages_.shown_count();
  return counts;
}

// ---- Turns

void UserWindow::PublishLocked() {
  g_user_window_unsettled.store(pages_.HasUnsettled(nullptr), std::memory_order_release);
  const bool busy = claimants_ != 0 || loading_ != 0 || !pages_.Empty();
  ke::g_window.store(reinterpret_cast<uintptr_t>(owner_) | (busy ? ke::kWindowBusy : 0),
                     std::memory_order_seq_cst);
}

void UserWindow::WaitLocked(int64_t deadline) {
  const uint32_t turn = turn_.load(std::memory_order_relaxed);
  ++sleepers_;
  mutex_.Unlock();
  os::FutexWait(turn_, turn, deadline);
  mutex_.Lock();
  --sleepers_;
}

void UserWindow::WakeLocked() {
  if (sleepers_ == 0) return;
  turn_.fetch_add(1, std::memory_order_relaxed);
  os::FutexWakeAll(turn_);
}

void UserWindow::EvictLocked() {
  ++epoch_;
  pages_.TakeDownAll(owner_);
  owner_ = nullptr;
  PublishLocked();
}

void UserWindow::GoOutLocked(RoomSlot& slot, PKPROCESS process) {
  slot.returns_to.store(process, std::memory_order_relaxed);
  slot.occupied.store(nullptr, std::memory_order_release);
  WakeLocked();
}

bool UserWindow::IsNextLocked(PKPROCESS process, uint64_t ticket) {
  bool is_next = true;
  ke::ForEachRoomSlot([&](const RoomSlot& slot) {
    const uint64_t other = slot.ticket.load(std::memory_order_relaxed);
    if (other == 0 || slot.returns_to.load(std::memory_order_relaxed) == process) return;
    if (ticket == 0 || other < ticket) is_next = false;
  });
  return is_next;
}

bool UserWindow::NobodyElseInsideLocked(PKPROCESS process) {
  bool nobody = true;
  ke::ForEachRoomSlot([&](const RoomSlot& slot) {
    PKPROCESS room = slot.occupied.load(std::memory_order_acquire);
    if (room != nullptr && room != process) nobody = false;
  });
  return nobody;
}

void UserWindow::HoldOthersLocked(PKPROCESS process) {
  uint64_t holds = 0;
  ke::ForEachRoomSlot([&](const RoomSlot& slot) {
    PKPROCESS room = slot.occupied.load(std::memory_order_acquire);
    if (room == nullptr || room == process || slot.busy.load(std::memory_order_relaxed)) return;
    ++holds;
    os::HoldThread(slot.os_thread_id.load(std::memory_order_relaxed));
  });
  counts_.holds += holds;
}

bool UserWindow::ClaimLocked(RoomSlot& slot, PKPROCESS process, bool may_wait) {
  if (owner_ == process) return true;
  uint64_t ticket = 0;
  int64_t since = 0;
  ++claimants_;
  for (;;) {
    if (owner_ == process) break;
    if (!may_wait || IsNextLocked(process, ticket)) {
      PublishLocked();
      // From now on newcomers call us and find the lock held; those who are inside already are seen.
      os::BarrierOnAllThreads();
      if (NobodyElseInsideLocked(process)) {
        if (owner_ != nullptr) EvictLocked();
        owner_ = process;
        slice_end_ = os::MonotonicNs() + kSliceNs;
        ++counts_.claims;
        break;
      }
    }
    if (!may_wait) break;
    const int64_t now = os::MonotonicNs();
    if (ticket == 0) {
      ticket = ++tickets_;
      since = now;
      slot.ticket.store(ticket, std::memory_order_relaxed);
    } else if (now - since > kPatienceNs && IsNextLocked(process, ticket)) {
      HoldOthersLocked(process);
    }
    WaitLocked(now + kLookNs);
  }
  slot.ticket.store(0, std::memory_order_relaxed);
  --claimants_;
  PublishLocked();
  if (ticket != 0) WakeLocked();
  return owner_ == process;
}

bool UserWindow::MustStayOutLocked(PKPROCESS process, int64_t now) {
  if (owner_ == process && claimants_ == 0) return false;
  bool must = false;
  const bool in_slice = owner_ != nullptr && owner_ != process && now < slice_end_;
  if (claimants_ == 0 && !in_slice) return false;
  PKPROCESS owner = owner_;
  ke::ForEachRoomSlot([&](const RoomSlot& slot) {
    PKPROCESS returns_to = slot.returns_to.load(std::memory_order_relaxed);
    if (slot.ticket.load(std::memory_order_relaxed) != 0 && returns_to != process) must = true;
    if (in_slice && (returns_to == owner || slot.occupied.load(std::memory_order_acquire) == owner))
      must = true;
  });
  return must;
}

void UserWindow::GoInLocked(RoomSlot& slot, PKPROCESS process, int64_t longest_ns) {
  int64_t now = longest_ns == 0 ? 0 : os::MonotonicNs();
  const int64_t deadline = now + longest_ns;
  while (now < deadline && MustStayOutLocked(process, now)) {
    const int64_t look = slice_end_ > now ? slice_end_ : now + kLookNs;
    WaitLocked(std::min(look, deadline));
    now = os::MonotonicNs();
  }
  if (owner_ != nullptr && owner_ != process) EvictLocked();
  slot.returns_to.store(nullptr, std::memory_order_relaxed);
  slot.occupied.store(process, std::memory_order_release);
}

void UserWindow::OnEnter(PKTHREAD thread, RoomSlot& slot, PKPROCESS process) {
  const WindowGuard guard(mutex_);
  GoOutLocked(slot, process);
  if (!pages_.Empty() || loading_ != 0) RefreshLocked(slot, process, Occasion::kEnter);
  GoInLocked(slot, process, MayWait(thread) ? kLongestEntryNs : 0);
}

void UserWindow::OnLeave(RoomSlot& slot, PKPROCESS process) {
  const WindowGuard guard(mutex_);
  WakeLocked();
  RefreshLocked(slot, process, Occasion::kLeave);
}

void UserWindow::OnHold() {
  PKTHREAD thread = ke::CurrentThreadOrNull();
  if (thread == nullptr || !thread->in_room) return;
  RoomSlot& slot = *thread->room_slot;
  if (slot.busy.load(std::memory_order_relaxed)) return;
  PKPROCESS process = slot.occupied.load(std::memory_order_relaxed);
  if (process == nullptr) return;
  const WindowGuard guard(mutex_);
  if (claimants_ == 0) return;
  GoOutLocked(slot, process);
  GoInLocked(slot, process, kLongestHoldNs);
}

// ---- Pages

bool UserWindow::OnFault(const os::MemoryFault& fault) {
  PKTHREAD thread = ke::CurrentThreadOrNull();
  if (thread == nullptr || !thread->in_room || fault.execute || fault.bus_error ||
      !IsUserRange(PageOf(fault.address), kPageBytes)) {
    return false;
  }
  RoomSlot& slot = *thread->room_slot;
  PKPROCESS process = slot.occupied.load(std::memory_order_relaxed);
  if (process == nullptr || slot.busy.load(std::memory_order_relaxed)) return false;
  const WindowGuard guard(mutex_);
  ++counts_.faults;
  GoOutLocked(slot, process);
  const bool there = BringInLocked(slot, process, fault, MayWait(thread));
  // With the memory there, no turn is given away before it has been accessed.
  GoInLocked(slot, process, there || !MayWait(thread) ? 0 : kLongestEntryNs);
  return there;
}

bool UserWindow::BringInLocked(RoomSlot& slot, PKPROCESS process, const os::MemoryFault& fault,
                               bool may_wait) {
  for (;;) {
    if (!ClaimLocked(slot, process, may_wait)) return false;
    if (pages_.HasUnwritten(process)) {
      WriteBackLocked(process);
      continue;
    }
    Outcome outcome = Outcome::kAgain;
    if (Run* run = pages_.FindShown(fault.address); run != nullptr) {
      outcome = UseShownLocked(*run, fault);
    } else {
      outcome = LoadLocked(process, fault);
    }
    if (outcome == Outcome::kNoRoom) MakeRoomLocked(process);
    PublishLocked();
    if (outcome == Outcome::kThere || outcome == Outcome::kFails) return outcome == Outcome::kThere;
  }
}

// Room comes from the client's own pages. It is waited for where changes on their way back fill it, or what
// other threads are reading.
void UserWindow::MakeRoomLocked(PKPROCESS process) {
  const bool had_any = pages_.HasAny(process);
  ++epoch_;
  pages_.TakeDownAll(process);
  WriteBackLocked(process);
  if (!had_any) WaitLocked(os::MonotonicNs() + kLookNs);
}

UserWindow::Outcome UserWindow::UseShownLocked(Run& run, const os::MemoryFault& fault) {
  const bool is_read =
      !fault.write || run.kind == Kind::kWritable || (run.kind == Kind::kShared && run.writable);
  if (is_read) {
    // Another thread has brought it in meanwhile. If the same access faults on, Linux has its reasons.
    static thread_local constinit struct {
      uint64_t serial;
      uintptr_t address;
      uint32_t count;
    } t_last __attribute__((tls_model("initial-exec"))) = {};
    if (t_last.serial != run.serial || t_last.address != fault.address) {
      t_last = {run.serial, fault.address, 0};
    }
    constexpr uint32_t kMostAttempts = 1000;
    return ++t_last.count < kMostAttempts ? Outcome::kThere : Outcome::kFails;
  }
  if (run.kind == Kind::kClean && run.writable) {
    return pages_.MakeWritable(run) ? Outcome::kThere : Outcome::kFails;
  }
  // It was read-only when it was brought in. Perhaps it is no longer.
  pages_.TakeDown(run);
  return Outcome::kAgain;
}

UserWindow::Outcome UserWindow::LoadLocked(PKPROCESS process, const os::MemoryFault& fault) {
  const uintptr_t page = PageOf(fault.address);
  const uint64_t epoch = epoch_;
  entries_without_load_ = 0;
  ++loading_;
  PublishLocked();
  mutex_.Unlock();
  AddressSpace& space = SpaceOf(process);
  os::Region region;
  const bool granted = space.Find(page, &region) && (fault.write ? region.writable : region.readable);
  FrameRun frames = {};
  uintptr_t start = page;
  bool shared = false;
  if (granted && region.shared) {
    // From further below, where that is of one run with the page.
    os::Region shown;
    start = std::max(region.start, page & ~(kSharedBlockBytes - 1));
    shared = space.FindFrames(start, &shown, &frames) && frames.count > (page - start) >> kPageShift;
    if (!shared && start != page) {
      start = page;
      shared = space.FindFrames(start, &shown, &frames) && frames.count != 0;
    }
    if (shared) region = shown;
  }
  mutex_.Lock();
  --loading_;
  if (!IsCurrentLocked(process, epoch)) return Outcome::kAgain;
  if (!granted) return Outcome::kFails;
  if (region.start > page || region.end <= page || (fault.write && !region.writable)) return Outcome::kAgain;
  if (shared) {
    const Outcome outcome = ShareLocked(process, page, region, frames, start);
    if (outcome != Outcome::kFails) return outcome;
  }
  return SnapshotLocked(process, page, region, fault.write);
}

// Where frames have an address of the executive's that is a shared mapping; zero: they have none.
uintptr_t SystemAddressOf(Pfn pfn) {
  if (IsClientPfn(pfn)) return AddressOfClientPfn(pfn);
  return pfn < TheState().frames.ram_pages() ? RamAddressOfPfn(pfn) : 0;
}

UserWindow::Outcome UserWindow::ShareLocked(PKPROCESS process, uintptr_t page, const os::Region& region,
                                            const FrameRun& frames, uintptr_t start) {
  MoveGate& gate = TheState().shared_frames.gate();
  if (!gate.TryEnter()) {
    // Who moves frames may be held up by us.
    mutex_.Unlock();
    gate.WaitUntilOpen();
    mutex_.Lock();
    return Outcome::kAgain;
  }
  const Outcome outcome = ShareInGateLocked(process, page, region, frames, start);
  gate.Leave();
  return outcome;
}

// The frames may have moved, or be others' by now. So they are mapped aside first: what is shown is what the
// client has mapped, by file and offset.
UserWindow::Outcome UserWindow::ShareInGateLocked(PKPROCESS process, uintptr_t page, const os::Region& region,
                                                  const FrameRun& frames, uintptr_t start) {
  const uintptr_t system = SystemAddressOf(frames.first);
  if (system == 0) return Outcome::kFails;
  uintptr_t low = start;
  uintptr_t high = std::min({region.end, start + frames.count * kPageBytes, start + kSharedBlockBytes});
  pages_.ClipToFree(page, &low, &high);
  // In one mapping of ours.
  os::Region own;
  if (!own_regions_.Find(system + (page - start), &own) || !own.shared) return Outcome::kFails;
  if (region.writable && !own.writable) return Outcome::kFails;
  low = std::max(low, start + (std::max(own.start, system) - system));
  high = std::min<uintptr_t>(high, start + (own.end - system));
  os::Shown shown = os::Shown::kAddressTaken;
  const os::Protection protection = region.writable ? os::Protection::kReadWrite : os::Protection::kRead;
  for (const bool whole : {true, false}) {
    if (!whole) low = page, high = page + kPageBytes;
    const uintptr_t aside = os::MapAside(system + (low - start), high - low, protection);
    if (aside == 0) return Outcome::kFails;
    if (!own_regions_.Find(aside, &own) || !(own.file == region.file) ||
        own.file_offset + (aside - own.start) != region.file_offset + (low - region.start)) {
      os::Release(aside, high - low);
      return Outcome::kAgain;
    }
    shown = os::ShowFromAside(aside, high - low, low);
    if (shown != os::Shown::kAddressTaken) break;
  }
  if (shown != os::Shown::kShown) return Outcome::kFails;
  Run* run = pages_.Add(process, Kind::kShared, low, high);
  if (run == nullptr) {
    os::Release(low, high - low);
    return Outcome::kNoRoom;
  }
  run->writable = region.writable;
  run->file = region.file;
  run->file_offset = region.file_offset + (low - region.start);
  ++counts_.shared_runs;
  return Outcome::kThere;
}

UserWindow::Outcome UserWindow::SnapshotLocked(PKPROCESS process, uintptr_t page, const os::Region& region,
                                               bool for_write) {
  uint32_t count = 1;
  if (last_.process == process && last_.end == page) {
    count = std::min(last_.page_count * 2, kMostSnapshotPages);
  }
  uintptr_t low = page;
  uintptr_t high = std::min<uintptr_t>(page + count * kPageBytes, region.end);
  pages_.ClipToFree(page, &low, &high);
  count = static_cast<uint32_t>((high - page) >> kPageShift);
  Outcome outcome = CopyInLocked(process, page, &count, region, for_write);
  // Of what follows, something may be in the way, there or here.
  if (outcome == Outcome::kFails && count > 1) {
    count = 1;
    outcome = CopyInLocked(process, page, &count, region, for_write);
  }
  if (outcome == Outcome::kThere) last_ = {process, page + count * kPageBytes, count};
  return outcome;
}

UserWindow::Outcome UserWindow::CopyInLocked(PKPROCESS process, uintptr_t page, uint32_t* page_count,
                                             const os::Region& region, bool for_write) {
  uint32_t first;
  const uint32_t taken = pages_.store().Take(process, *page_count, &first);
  if (taken == 0) return Outcome::kNoRoom;
  *page_count = taken;
  const size_t byte_count = taken * kPageBytes;
  const uint64_t epoch = epoch_;
  ++loading_;
  PublishLocked();
  std::byte* now = pages_.store().Now(first);
  mutex_.Unlock();
  const bool read = Load(SpaceOf(process), now, page, byte_count);
  mutex_.Lock();
  --loading_;
  Outcome outcome = read ? Outcome::kThere : Outcome::kFails;
  uintptr_t low = page;
  uintptr_t high = page + byte_count;
  pages_.ClipToFree(page, &low, &high);
  if (!IsCurrentLocked(process, epoch) || pages_.FindShown(page) != nullptr || high != page + byte_count) {
    outcome = Outcome::kAgain;
  }
  Run* run = outcome == Outcome::kThere ? pages_.Add(process, Kind::kClean, page, high) : nullptr;
  if (run == nullptr) {
    pages_.store().Give(first, taken);
    return outcome == Outcome::kThere ? Outcome::kNoRoom : outcome;
  }
  run->first = first;
  run->writable = region.writable;
  run->renewals = kFirstRenewals;
  for (Proof& proof : proofs_) {
    if (proof.process != process || proof.address != page) continue;
    run->renewals = std::min(proof.renewals * 2, kMostRenewals);
    proof = {};
  }
  run->renewals_left = run->renewals;
  if (for_write) std::memcpy(pages_.store().Before(first), now, byte_count);
  const os::Protection protection = for_write ? os::Protection::kReadWrite : os::Protection::kRead;
  if (pages_.store().ShowAt(page, first, taken, protection) != os::Shown::kShown) {
    pages_.DropUnshown(*run);
    return Outcome::kFails;
  }
  if (for_write) run->kind = Kind::kWritable;
  counts_.snapshot_pages += taken;
  return Outcome::kThere;
}

bool UserWindow::IsAloneLocked(const RoomSlot& slot, PKPROCESS process) {
  // Without a snapshot there is nothing that could be kept.
  if (!pages_.HasShownSnapshot(process)) return false;
  // Who went in before there was one sees no need to tell us.
  os::BarrierOnAllThreads();
  bool alone = true;
  ke::ForEachRoomSlot([&](const RoomSlot& other) {
    if (&other == &slot) return;
    if (other.occupied.load(std::memory_order_acquire) == process ||
        other.returns_to.load(std::memory_order_relaxed) == process) {
      alone = false;
    }
  });
  return alone;
}

void UserWindow::RefreshLocked(const RoomSlot& slot, PKPROCESS process, Occasion occasion) {
  if (owner_ == process) {
    // What is being read for another thread of the client may be older than what this one is to see.
    ++epoch_;
    if (!IsAloneLocked(slot, process)) {
      pages_.TakeDownSnapshots(process);
    } else if (occasion == Occasion::kLeave) {
      SettleLocked(process);
    }
  }
  WriteBackLocked(process);
  if (owner_ == process && occasion == Occasion::kEnter) {
    if (IsAloneLocked(slot, process)) {
      RenewLocked(process);
    } else {
      pages_.TakeDownSnapshots(process);
      WriteBackLocked(process);
    }
    if (++entries_without_load_ < kMostEntriesWithoutLoad) {
      CheckSharedLocked(process);
    } else {
      pages_.TakeDownShared(process);
    }
  }
  PublishLocked();
}

void UserWindow::SettleLocked(PKPROCESS process) {
  Run runs[WindowPages::kMostKeptRuns];
  const size_t count = pages_.KeepSnapshots(process, runs);
  for (size_t i = 0; i < count; ++i) {
    Run* run = pages_.FindSerial(runs[i].serial);
    if (run == nullptr || run->kind != Kind::kWritable || run->pinned || !run->shown) continue;
    // A thread that was leaving at the same time has done it, and its application has gone on since.
    if (run->settled) continue;
    run->pinned = true;
    mutex_.Unlock();
    const uint64_t written = WriteChanges(*run);
    mutex_.Lock();
    counts_.bytes_written += written;
    run->settled = true;
    pages_.Unpin(*run);
    WakeLocked();
  }
}

void UserWindow::RenewLocked(PKPROCESS process) {
  Run runs[WindowPages::kMostKeptRuns];
  const size_t count = pages_.KeepSnapshots(process, runs);
  for (size_t i = 0; i < count; ++i) {
    Run* run = pages_.FindSerial(runs[i].serial);
    if (run == nullptr || run->pinned || !run->shown) continue;
    if (run->kind == Kind::kWritable && !run->settled) {
      pages_.TakeDown(*run);
      continue;
    }
    if (run->renewals_left == 0) {
      // Is it still needed? The next fault says so.
      proofs_[next_proof_++ % kProofs] = {process, run->start, run->renewals};
      pages_.Drop(*run);
      continue;
    }
    run->pinned = true;
    const size_t byte_count = run->end - run->start;
    std::byte* now = pages_.store().Now(run->first);
    mutex_.Unlock();
    os::Region region;
    AddressSpace& space = SpaceOf(process);
    const bool renewed = space.Find(run->start, &region) && region.end >= run->end &&
                         region.writable == run->writable && (!region.shared || !region.has_file) &&
                         Load(space, now, run->start, byte_count);
    mutex_.Lock();
    if (renewed && run->kind == Kind::kWritable) {
      std::memcpy(pages_.store().Before(run->first), now, byte_count);
    }
    pages_.Renew(*run);
    run->settled = false;
    --run->renewals_left;
    const bool drop = !renewed && run->shown;
    if (drop) {
      os::Release(run->start, byte_count);
      run->shown = false;
    }
    pages_.Unpin(*run);
    WakeLocked();
  }
}

void UserWindow::CheckSharedLocked(PKPROCESS process) {
  Run runs[kMostCheckedRuns];
  const size_t count = pages_.CollectShared(process, runs);
  if (count == 0) return;
  mutex_.Unlock();
  bool still[kMostCheckedRuns];
  for (size_t i = 0; i < count; ++i) {
    os::Region region;
    const Run& run = runs[i];
    still[i] = SpaceOf(process).Find(run.start, &region) && region.end >= run.end && region.shared &&
               region.has_file && region.readable && region.writable == run.writable &&
               region.file == run.file && region.file_offset + (run.start - region.start) == run.file_offset;
  }
  mutex_.Lock();
  for (size_t i = 0; i < count; ++i) {
    Run* run = still[i] ? nullptr : pages_.FindSerial(runs[i].serial);
    if (run != nullptr) pages_.TakeDown(*run);
  }
}

void UserWindow::WriteBackLocked(PKPROCESS process) {
  while (pages_.HasUnwritten(process)) {
    Run* run = pages_.NextToWrite(process);
    if (run == nullptr) {
      // Another thread of the client is at it.
      WaitLocked(os::MonotonicNs() + kLookNs);
      continue;
    }
    mutex_.Unlock();
    const uint64_t written = WriteChanges(*run);
    mutex_.Lock();
    counts_.bytes_written += written;
    pages_.Unpin(*run);
    WakeLocked();
  }
}

// Where the client has unmapped the memory meanwhile, or is gone, there is nobody to miss it.
uint64_t UserWindow::WriteChanges(const Run& run) {
  const PastInlineMemory past;
  constexpr size_t kAtOnce = 64;
  os::PeerProcess::Piece pieces[kAtOnce];
  size_t count = 0;
  const std::byte* now = pages_.store().Now(run.first);
  const std::byte* before = pages_.store().Before(run.first);
  const size_t byte_count = run.end - run.start;
  AddressSpace& space = SpaceOf(run.process);
  uint64_t written = 0;
  for (size_t i = 0; i < byte_count;) {
    if (i % 64 == 0 && std::memcmp(now + i, before + i, 64) == 0) {
      i += 64;
      continue;
    }
    if (now[i] == before[i]) {
      ++i;
      continue;
    }
    const size_t first = i;
    while (i < byte_count && now[i] != before[i]) ++i;
    pieces[count++] = {run.start + first, now + first, i - first};
    if (count < kAtOnce) continue;
    written += space.WritePieces({pieces, count});
    count = 0;
  }
  if (count != 0) written += space.WritePieces({pieces, count});
  return written;
}

}  // namespace

constinit std::atomic<bool> g_user_window_unsettled{false};

Status StartUserWindow() {
  return g_user_window.Start();
}
void StopUserWindow(LeakReport& leaks) {
  g_user_window.Stop(leaks);
}
void DropUserWindow(PEPROCESS process) {
  g_user_window.DropAll(reinterpret_cast<PKPROCESS>(process));
}
void ForgetUserRange(PEPROCESS process, uintptr_t start, uintptr_t end, UserWindowMoment gone) {
  g_user_window.Forget(reinterpret_cast<PKPROCESS>(process), start, end, gone);
}
UserWindowMoment UserWindowNow() {
  return g_user_window.Now();
}
void SettleUserWindowSlow(PEPROCESS process) {
  g_user_window.Settle(reinterpret_cast<PKPROCESS>(process));
}
bool IsExecutivesMemory(uintptr_t start, uintptr_t end) {
  return g_user_window.IsOwnMemory(start, end);
}
UserWindowCounts GetUserWindowCounts() {
  return g_user_window.Counts();
}

}  // namespace ring3::mm
