// SPDX-License-Identifier: MIT
#include "mm/window_pages.h"

#include <algorithm>
#include <cstring>

namespace ring3::mm {

Status SnapshotStore::Create() {
  return memory_.Create("ring3-snapshots", uint64_t{2} * kPages * kPageBytes);
}

uint32_t SnapshotStore::Take(PKPROCESS process, uint32_t count, uint32_t* first) {
  uint32_t own = taken_count_;  // at most
  if (count > WindowShare(kPages, taken_count_, own)) {
    own = static_cast<uint32_t>(std::count(owners_, owners_ + touched_, process));
    count = std::min(count, WindowShare(kPages, taken_count_, own));
  }
  // From the bottom, so that few pages are ever touched.
  *first = 0;
  uint32_t most = 0;
  uint32_t found = 0;
  for (uint32_t page = 0; page < kPages && most < count; ++page) {
    const uint64_t word = taken_[page / 64];
    if (page % 64 == 0 && word == ~uint64_t{0}) {
      found = 0;
      page += 63;
      continue;
    }
    if ((word >> (page % 64) & 1) != 0) {
      found = 0;
      continue;
    }
    if (++found <= most) continue;
    most = found;
    *first = page + 1 - found;
  }
  for (uint32_t i = *first; i < *first + most; ++i) {
    taken_[i / 64] |= uint64_t{1} << (i % 64);
    owners_[i] = process;
  }
  taken_count_ += most;
  touched_ = std::max(touched_, *first + most);
  return most;
}

void SnapshotStore::Give(uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count; ++i) {
    taken_[i / 64] &= ~(uint64_t{1} << (i % 64));
    owners_[i] = nullptr;
  }
  taken_count_ -= count;
  if (taken_count_ != 0 || touched_ <= kKeptPages) return;
  const uint64_t kept = uint64_t{kKeptPages} * kPageBytes;
  const uint64_t byte_count = uint64_t{touched_ - kKeptPages} * kPageBytes;
  memory_.Punch(kept, byte_count);
  memory_.Punch(uint64_t{kPages} * kPageBytes + kept, byte_count);
  touched_ = kKeptPages;
}

WindowPages::Run* WindowPages::FindShown(uintptr_t address) {
  for (uint32_t i = 0; i < used_; ++i) {
    Run& run = runs_[i];
    if (address >= run.start && address < run.end && run.shown) return &run;
  }
  return nullptr;
}

WindowPages::Run* WindowPages::FindSerial(uint64_t serial) {
  for (uint32_t i = 0; i < used_; ++i) {
    if (runs_[i].serial == serial && runs_[i].kind != Kind::kFree) return &runs_[i];
  }
  return nullptr;
}

void WindowPages::ClipToFree(uintptr_t address, uintptr_t* start, uintptr_t* end) const {
  for (uint32_t i = 0; i < used_; ++i) {
    const Run& run = runs_[i];
    if (!run.shown) continue;
    if (run.end <= address) *start = std::max(*start, run.end);
    if (run.start > address) *end = std::min(*end, run.start);
  }
}

WindowPages::Run* WindowPages::Add(PKPROCESS process, Kind kind, uintptr_t start, uintptr_t end) {
  const auto own = static_cast<uint32_t>(std::count_if(runs_, runs_ + used_, [&](const Run& run) {
    return run.kind != Kind::kFree && run.process == process;
  }));
  if (WindowShare(kMostRuns, run_count_, own) == 0) return nullptr;
  for (uint32_t i = 0; i < kMostRuns; ++i) {
    Run& run = runs_[i];
    if (run.kind != Kind::kFree) continue;
    run = {.kind = kind, .shown = true, .process = process, .start = start, .end = end, .serial = ++serial_};
    used_ = std::max(used_, i + 1);
    ++run_count_;
    return &run;
  }
  return nullptr;
}

bool WindowPages::MakeWritable(Run& run) {
  std::memcpy(store_.Before(run.first), store_.Now(run.first), run.end - run.start);
  if (!os::Protect(run.start, run.end - run.start, os::Protection::kReadWrite).ok()) return false;
  run.kind = Kind::kWritable;
  return true;
}

void WindowPages::TakeDown(Run& run) {
  if (!run.shown) return;
  os::Release(run.start, run.end - run.start);
  run.shown = false;
  // Nobody writes to the snapshot any more. What has changed is found out by who writes it back, without the
  // lock.
  if (!run.pinned && (run.kind != Kind::kWritable || run.settled)) Free(run);
}

void WindowPages::TakeDownAll(PKPROCESS process) {
  for (uint32_t i = 0; i < used_; ++i) {
    if (runs_[i].process == process && runs_[i].shown) TakeDown(runs_[i]);
  }
}

void WindowPages::TakeDownSnapshots(PKPROCESS process) {
  for (uint32_t i = 0; i < used_; ++i) {
    Run& run = runs_[i];
    if (run.process == process && run.is_snapshot()) TakeDown(run);
  }
}

void WindowPages::TakeDownShared(PKPROCESS process) {
  for (uint32_t i = 0; i < used_; ++i) {
    Run& run = runs_[i];
    if (run.process == process && run.kind == Kind::kShared && run.shown) TakeDown(run);
  }
}

size_t WindowPages::KeepSnapshots(PKPROCESS process, std::span<Run> copies) {
  size_t count = 0;
  for (uint32_t i = 0; i < used_; ++i) {
    Run& run = runs_[i];
    if (run.process != process || !run.is_snapshot() || !run.shown) continue;
    if (count < copies.size() && run.page_count() <= kMostKeptPages && !run.pinned) {
      copies[count++] = run;
    } else {
      TakeDown(run);
    }
  }
  return count;
}

void WindowPages::Forget(PKPROCESS process, uintptr_t start, uintptr_t end, UserWindowMoment gone) {
  for (uint32_t i = 0; i < used_; ++i) {
    Run& run = runs_[i];
    if (run.kind == Kind::kFree || run.process != process || run.start >= end || run.end <= start) continue;
    if (run.serial < gone && run.start >= start && run.end <= end) {
      Drop(run);
    } else {
      TakeDown(run);
    }
  }
}

void WindowPages::DropAll(PKPROCESS process) {
  for (uint32_t i = 0; i < used_; ++i) {
    Run& run = runs_[i];
    if (run.kind != Kind::kFree && (process == nullptr || run.process == process)) Drop(run);
  }
}

size_t WindowPages::CollectShared(PKPROCESS process, std::span<Run> copies) {
  size_t count = 0;
  for (uint32_t i = 0; i < used_; ++i) {
    Run& run = runs_[i];
    if (run.process != process || run.kind != Kind::kShared) continue;
    if (count < copies.size()) {
      copies[count++] = run;
    } else {
      TakeDown(run);
    }
  }
  return count;
}

void WindowPages::Drop(Run& run) {
  if (run.shown) os::Release(run.start, run.end - run.start);
  run.shown = false;
  if (!run.pinned) Free(run);
}

void WindowPages::Unpin(Run& run) {
  run.pinned = false;
  if (!run.shown) Free(run);
}

void WindowPages::Free(Run& run) {
  if (run.is_snapshot()) store_.Give(run.first, run.page_count());
  run.kind = Kind::kFree;
  run.shown = false;
  --run_count_;
  while (used_ > 0 && runs_[used_ - 1].kind == Kind::kFree) --used_;
}

WindowPages::Run* WindowPages::NextToWrite(PKPROCESS process) {
  for (uint32_t i = 0; i < used_; ++i) {
    Run& run = runs_[i];
    if (run.kind == Kind::kFree || run.process != process || run.shown || run.pinned) continue;
    run.pinned = true;
    return &run;
  }
  return nullptr;
}

bool WindowPages::HasUnwritten(PKPROCESS process) const {
  return std::any_of(runs_, runs_ + used_, [&](const Run& run) {
    return run.kind != Kind::kFree && run.process == process && (!run.shown || run.pinned);
  });
}

bool WindowPages::HasUnsettled(PKPROCESS process) const {
  return std::any_of(runs_, runs_ + used_, [&](const Run& run) {
    return run.kind == Kind::kWritable && (process == nullptr || run.process == process) &&
           (!run.settled || !run.shown || run.pinned);
  });
}

bool WindowPages::HasAny(PKPROCESS process) const {
  return std::any_of(runs_, runs_ + used_,
                     [&](const Run& run) { return run.process == process && run.kind != Kind::kFree; });
}

bool WindowPages::HasShownSnapshot(PKPROCESS process) const {
  return std::any_of(runs_, runs_ + used_, [&](const Run& run) {
    return run.process == process && run.shown && run.is_snapshot();
  });
}

size_t WindowPages::shown_count() const {
  return static_cast<size_t>(std::count_if(runs_, runs_ + used_, [](const Run& run) { return run.shown; }));
}

}  // namespace ring3::mm
