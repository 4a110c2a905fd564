// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ke/kthread.h"
#include "mm/layout.h"
#include "mm/user_window.h"
#include "os/memory.h"
#include "os/window_memory.h"

namespace ring3::mm {

// Of what there is a fixed amount of, a client has no more than half of what is left: whose memory does not
// answer keeps what it has for as long as it likes.
constexpr uint32_t WindowShare(uint32_t total, uint32_t taken, uint32_t own) {
  const uint32_t most = (total - taken) / 2;
  return own < most ? most - own : 0;
}

// Copies of pages of clients, and how they were when they were copied. A fixed amount: who needs more gives
// some back first.
class SnapshotStore {
 public:
  static constexpr uint32_t kPages = 16384;

  Status Create();
  void Close() { memory_.Close(); }

  // Consecutive pages for a client, of any contents: `count`, or as many as there are together and are left
  // of its share. Zero: none.
  uint32_t Take(PKPROCESS process, uint32_t count, uint32_t* first);
  void Give(uint32_t first, uint32_t count);
  std::byte* Now(uint32_t page) const { return memory_.base() + uint64_t{page} * kPageBytes; }
  std::byte* Before(uint32_t page) const { return Now(page + kPages); }
  os::Shown ShowAt(uintptr_t address, uint32_t first, uint32_t count, os::Protection protection) const {
    return memory_.ShowAt(address, count * kPageBytes, uint64_t{first} * kPageBytes, protection);
  }

 private:
  // What is kept when all is given back.
  static constexpr uint32_t kKeptPages = 256;

  os::ScratchMemory memory_;
  uint64_t taken_[kPages / 64] = {};
  PKPROCESS owners_[kPages] = {};  // of those
  uint32_t taken_count_ = 0;
  uint32_t touched_ = 0;  // pages above were never taken since they were punched
};

// What is shown of clients at their addresses, and changes on their way back to them. In fixed tables: all
// of it runs in a signal handler. The caller has the window's lock.
class WindowPages {
 public:
  enum class Kind : uint8_t {
    kFree,
    kShared,    // a second mapping
    kClean,     // a snapshot, read-only so far
    kWritable,  // a snapshot that driver code may have changed
  };
  struct Run {
    Kind kind = Kind::kFree;
    bool shown = false;
    // A thread reads into its pages or writes them back, without the lock: who takes it down meanwhile leaves
    // the rest to that thread.
    bool pinned = false;
    // Written back, and no thread of the client has been inside since.
    bool settled = false;
    bool writable = false;  // for the client
    PKPROCESS process = nullptr;
    uintptr_t start = 0;
    uintptr_t end = 0;
    uint64_t serial = 0;  // when its contents were brought in
    uint32_t first = 0;   // page of the store
    // How often it may still be renewed for the client's next request before it has to be touched again.
    uint32_t renewals_left = 0;
    uint32_t renewals = 0;
    // kShared: what the client mapped there.
    os::FileIdentity file = {};
    uint64_t file_offset = 0;

    uint32_t page_count() const { return static_cast<uint32_t>((end - start) >> kPageShift); }
    bool is_snapshot() const { return kind >= Kind::kClean; }
  };
  // What is kept of a client's snapshots for its next request.
  static constexpr size_t kMostKeptRuns = 4;
  static constexpr uint32_t kMostKeptPages = 4;

  SnapshotStore& store() { return store_; }

  Run* FindShown(uintptr_t address);
  Run* FindSerial(uint64_t serial);
  // The part of [start, end) around `address` that nothing is shown in.
  void ClipToFree(uintptr_t address, uintptr_t* start, uintptr_t* end) const;

  // Null: the table is full, or the client's share of it used up. It counts as shown. Nothing is mapped or
  // unmapped by it.
  Run* Add(PKPROCESS process, Kind kind, uintptr_t start, uintptr_t end);
  // A clean snapshot that may be written from now on. False: Linux refuses.
  bool MakeWritable(Run& run);

  // No longer shown: a writable snapshot waits to be written back, all else is gone.
  void TakeDown(Run& run);
  void TakeDownAll(PKPROCESS process);
  void TakeDownSnapshots(PKPROCESS process);
  void TakeDownShared(PKPROCESS process);
  // The snapshots that are kept for another request; the others are taken down.
  size_t KeepSnapshots(PKPROCESS process, std::span<Run> copies);
  // Whatever is shown of it. Of snapshots that lie in it wholly and were made before `gone` with their
  // changes, also where these wait to be written back.
  void Forget(PKPROCESS process, uintptr_t start, uintptr_t end, UserWindowMoment gone);
  // Later than all that is shown, earlier than all that will be.
  UserWindowMoment now() const { return serial_ + 1; }
  // The contents of a snapshot were read anew.
  void Renew(Run& run) { run.serial = ++serial_; }
  // Everything; what is pinned is only no longer shown. Null: of every process.
  void DropAll(PKPROCESS process);
  // Copies of the shared runs of the process; those that there is no room for are taken down.
  size_t CollectShared(PKPROCESS process, std::span<Run> copies);
  // Gone, changes and all.
  void Drop(Run& run);
  // Of a run that was added and could not be shown.
  void DropUnshown(Run& run) { Free(run); }

  // The thread that had pinned it is through: gone where it is not shown any more.
  void Unpin(Run& run);

  // A run of the process that waits to be written back, now pinned; null: none.
  Run* NextToWrite(PKPROCESS process);

  bool HasUnwritten(PKPROCESS process) const;
  // Something that the client may not have yet. Null: of any process.
  bool HasUnsettled(PKPROCESS process) const;
  bool HasAny(PKPROCESS process) const;
  bool HasShownSnapshot(PKPROCESS process) const;
  bool Empty() const { return run_count_ == 0; }
  size_t shown_count() const;

  template <typename Visit>
  void ForEach(Visit visit) const {
    for (uint32_t i = 0; i < used_; ++i) {
      if (runs_[i].kind != Kind::kFree) visit(runs_[i]);
    }
  }

 private:
  static constexpr uint32_t kMostRuns = 1024;

  void Free(Run& run);

  Run runs_[kMostRuns];
  uint32_t used_ = 0;  // runs above are free
  uint32_t run_count_ = 0;
  uint64_t serial_ = 0;
  SnapshotStore store_;
};

}  // namespace ring3::mm
