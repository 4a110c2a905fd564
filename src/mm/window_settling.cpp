// SPDX-License-Identifier: MIT
// UserWindow: what becomes of the pages when threads of the client come and go. Snapshots are kept and
// renewed, or written back.
#include <cstring>

#include "mm/window.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/peer_process.h"
#include "os/thread.h"

namespace ring3::mm {
namespace {

constexpr size_t kMostCheckedRuns = 8;
// On each way in, Linux is asked whether shared memory that is shown is still what the client has there. When
// nothing had to be brought in on so many of them, it is taken down instead.
constexpr uint32_t kMostEntriesWithoutLoad = 64;

}  // namespace

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
      ForEachKeptLocked(process, &UserWindow::SettleLocked);
    }
  }
  WriteBackLocked(process);
  if (owner_ == process && occasion == Occasion::kEnter) {
    if (IsAloneLocked(slot, process)) {
      ForEachKeptLocked(process, &UserWindow::RenewLocked);
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

void UserWindow::ForEachKeptLocked(PKPROCESS process, void (UserWindow::*what)(Run& run)) {
  Run kept[WindowPages::kMostKeptRuns];
  const size_t count = pages_.KeepSnapshots(process, kept);
  for (size_t i = 0; i < count; ++i) {
    Run* run = pages_.FindSerial(kept[i].serial);
    if (run != nullptr && !run->pinned && run->shown) (this->*what)(*run);
  }
}

void UserWindow::SettleLocked(Run& run) {
  // A thread that was leaving at the same time has done it, and its application has gone on since.
  if (run.kind != Kind::kWritable || run.settled) return;
  WriteRunLocked(run);
}

void UserWindow::RenewLocked(Run& run) {
  if (run.kind == Kind::kWritable && !run.settled) {
    pages_.TakeDown(run);
    return;
  }
  if (run.renewals_left == 0) {
    // Is it still needed? The next fault says so.
    proofs_[next_proof_++ % kProofs] = {run.process, run.start, run.renewals};
    pages_.Drop(run);
    return;
  }
  run.pinned = true;
  const size_t byte_count = run.end - run.start;
  std::byte* now = pages_.store().Now(run.first);
  mutex_.Unlock();
  os::Region region;
  AddressSpace& space = SpaceOf(run.process);
  const bool renewed = space.Find(run.start, &region) && region.end >= run.end &&
                       region.writable == run.writable && (!region.shared || !region.has_file) &&
                       Load(space, now, run.start, byte_count);
  mutex_.Lock();
  if (renewed && run.kind == Kind::kWritable) {
    std::memcpy(pages_.store().Before(run.first), now, byte_count);
  }
  pages_.Renew(run);
  run.settled = false;
  --run.renewals_left;
  const bool drop = !renewed && run.shown;
  if (drop) {
    os::Release(run.start, byte_count);
    run.shown = false;
  }
  pages_.Unpin(run);
  WakeLocked();
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
    WriteRunLocked(*run);
  }
}

void UserWindow::WriteRunLocked(Run& run) {
  run.pinned = true;
  mutex_.Unlock();
  const uint64_t written = WriteChanges(run);
  mutex_.Lock();
  counts_.bytes_written += written;
  run.settled = true;
  pages_.Unpin(run);
  WakeLocked();
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

}  // namespace ring3::mm
