// SPDX-License-Identifier: MIT
// UserWindow: how memory of the client comes in, shared or as a snapshot.
#include <algorithm>
#include <cstring>

#include "mm/state.h"
#include "mm/window.h"
#include "os/clock.h"
#include "os/window_memory.h"

namespace ring3::mm {
namespace {

constexpr uint32_t kMostSnapshotPages = 256;
// How many requests in a row a snapshot is renewed for without being asked for: at first, and when it was
// touched again each time.
constexpr uint32_t kFirstRenewals = 2;
constexpr uint32_t kMostRenewals = 256;
constexpr uintptr_t kSharedBlockBytes = uintptr_t{16} << 20;

constexpr uintptr_t PageOf(uintptr_t address) {
  return address & ~(kPageBytes - 1);
}

// Where frames have an address of the executive's that is a shared mapping; zero: they have none.
uintptr_t SystemAddressOf(Pfn pfn) {
  if (IsClientPfn(pfn)) return AddressOfClientPfn(pfn);
  return pfn < TheState().frames.ram_pages() ? RamAddressOfPfn(pfn) : 0;
}

}  // namespace

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

}  // namespace ring3::mm
