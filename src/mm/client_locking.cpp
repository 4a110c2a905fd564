// SPDX-License-Identifier: MIT
// ClientAddressSpace: locking pages.
#include <algorithm>
#include <cstring>
#include <new>

#include "ke/room.h"
#include "mm/client_space.h"
#include "mm/mdl_frames.h"
#include "mm/misuse.h"
#include "mm/state.h"
#include "mm/user_memory.h"
#include "ntstatus.h"

namespace ring3::mm {
namespace {

// What the process is to do with one order takes a fraction of a second.
constexpr uint64_t kMostBytesOfOrder = 256ull << 20;

bool Allows(const os::Region& region, Access access) {
  return region.readable && (access == Access::kRead || region.writable);
}

void SetFrames(PMDL mdl, const ClientLock& lock, uint64_t page_count) {
  if (lock.runs.size() == 1) {
    SetContiguousFrames(mdl, lock.runs[0].first, page_count);
    return;
  }
  Pfn* array = BeginScatteredFrames(mdl);
  for (const FrameRun& run : lock.runs) {
    for (uint64_t i = 0; i < run.count; ++i) *array++ = run.first + i;
  }
}

// Driver memory that the process has been shown.
bool FindDriverFrames(const os::Region& region, uintptr_t address, FrameRun* frames) {
  return region.has_file && TheState().shared_frames.FindFrames(
                                region.file, region.file_offset + (address - region.start), frames);
}

}  // namespace

ClientAddressSpace::Frames ClientAddressSpace::LookAt(uintptr_t at, const os::Region& region, uintptr_t* end,
                                                      FrameRun* frames) {
  *end = std::min(*end, region.end);
  if (region.shared) {
    if (!memory_.FramesOf(region, at, frames) && !FindDriverFrames(region, at, frames)) return Frames::kNone;
    *end = std::min(*end, at + frames->count * kPageBytes);
    return Frames::kThere;
  }
  return !IsInStack(at, region, end) && region.writable && region.readable ? Frames::kAdoptable
                                                                           : Frames::kNone;
}

Status ClientAddressSpace::Adopt(uintptr_t start, uintptr_t end) {
  os::MutexGuard guard(memory_.changes);
  // Another thread may have been faster.
  os::Region region;
  FrameRun frames;
  if (!memory_.process().Regions().Find(start, &region)) return STATUS_ACCESS_VIOLATION;
  if (LookAt(start, region, &end, &frames) != Frames::kAdoptable) return STATUS_SUCCESS;
  RING3_TRY_ASSIGN(const Pfn first,
                   memory_.Place(start, (end - start) >> kPageShift, ClientMemory::Contents::kAny));
  for (uintptr_t at = start; at < end; at += kMostBytesOfOrder) {
    const ClientMemory::Exchange exchange(memory_);
    // After a failure, what has not been mapped is found by the next sweep.
    RING3_TRY(Map(OrderKind::kAdopt, at, std::min(kMostBytesOfOrder, end - at),
                  first + ((at - start) >> kPageShift), ProtectionOf(region)));
  }
  return STATUS_SUCCESS;
}

Status ClientAddressSpace::Bounce(uintptr_t start, uintptr_t end, Access access, ClientLock* lock) {
  for (uintptr_t at = start; at < end;) {
    uint64_t count = (end - at) >> kPageShift;
    Pfn first;
    while (!TheState().frames.Allocate({.count = count}, PageContents::kUninitialized, &first)) {
      count /= 2;
      if (count == 0) return STATUS_INSUFFICIENT_RESOURCES;
    }
    lock->bounces.push_back({at, first, count, nullptr});
    lock->Add(first, count);
    const size_t bytes = count * kPageBytes;
    auto* pages = reinterpret_cast<uint8_t*>(RamAddressOfPfn(first));
    if (!memory_.process().Read(pages, at, bytes)) return STATUS_ACCESS_VIOLATION;
    if (access == Access::kWrite) {
      lock->bounces.back().before.reset(new (std::nothrow) uint8_t[bytes]);
      if (lock->bounces.back().before == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
      std::memcpy(lock->bounces.back().before.get(), pages, bytes);
    }
    at += bytes;
  }
  return STATUS_SUCCESS;
}

Status ClientAddressSpace::LockPages(uintptr_t start, uintptr_t end, Access access, Adoption adoption,
                                     ClientLock* lock) {
  constexpr int kMostAttempts = 2;
  int attempts = 0;
  for (uintptr_t at = start; at < end;) {
    os::Region region;
    if (!FindSettled(at, &region) || !Allows(region, access)) return STATUS_ACCESS_VIOLATION;
    uintptr_t piece_end = end;
    FrameRun frames;
    const Frames there = LookAt(at, region, &piece_end, &frames);
    if (there == Frames::kThere) {
      lock->Add(frames.first, (piece_end - at) >> kPageShift);
    } else if (there == Frames::kAdoptable && adoption == Adoption::kWanted && attempts++ < kMostAttempts &&
               Adopt(at, piece_end).ok()) {
      continue;  // whatever it says it did: look again
    } else {
      RING3_TRY(Bounce(at, piece_end, access, lock));
    }
    at = piece_end;
    attempts = 0;
  }
  return STATUS_SUCCESS;
}

Result<bool> ClientAddressSpace::TryLock(PMDL mdl, std::span<const PageRange> ranges, Adoption adoption,
                                         LockedRange entry) {
  const uint64_t generation = memory_.generation();
  auto lock = std::make_unique<ClientLock>(shared_memory_);
  if (ranges.size() == 1 && ranges[0].start == Parameter(mdl->StartVa)) {
    lock->start = ranges[0].start + mdl->ByteOffset;
    lock->end = lock->start + mdl->ByteCount;
  }
  uint64_t page_count = 0;
  for (const PageRange& range : ranges) {
    RING3_TRY(LockPages(range.start, range.start + range.page_count * kPageBytes, entry.access, adoption,
                        lock.get()));
    page_count += range.page_count;
  }
  entry.client = lock.get();
  TheState().locked.Insert(entry);
  if (memory_.generation() == generation) {
    SetFrames(mdl, *lock.release(), page_count);
    return true;
  }
  // Frames were freed since; these may be among them.
  LockedRange removed;
  TheState().locked.Remove(mdl, &removed);
  return false;
}

Status ClientAddressSpace::Lock(PMDL mdl, std::span<const PageRange> ranges, const LockedRange& entry) {
  const ClientMemory::Use use(memory_);
  if (!use) return STATUS_ACCESS_VIOLATION;
  // What driver code has written through user pointers is to be where it belongs before pages are copied.
  const ke::OutOfRoomScope outside(ke::CurrentThread());
  constexpr int kMostAttempts = 8;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    RING3_TRY_ASSIGN(const bool locked, TryLock(mdl, ranges, Adoption::kWanted, entry));
    if (locked) return STATUS_SUCCESS;
  }
  // An application that gives memory away all the time: nothing is freed while this is held.
  os::MutexGuard guard(memory_.changes);
  RING3_TRY_ASSIGN(const bool locked, TryLock(mdl, ranges, Adoption::kRefused, entry));
  return locked ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

}  // namespace ring3::mm
