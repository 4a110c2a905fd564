// SPDX-License-Identifier: MIT
#include "mm/shared_frames.h"

#include <algorithm>

#include "mm/address_space.h"
#include "mm/state.h"
#include "ntstatus.h"
#include "os/fault_handler.h"

namespace ring3::mm {

Result<SharedObjectRef> SharedObject::Create(uint64_t page_count) {
  auto object = std::make_shared<SharedObject>();
  RING3_TRY(object->memory.CreateForPeers("ring3-shared", page_count * kPageBytes));
  RING3_TRY_ASSIGN(object->identity, object->memory.Identity());
  object->page_count = page_count;
  return object;
}

Status SharedFrames::Initialize(const os::MemoryObject& ram) {
  ram_ = &ram;
  RING3_TRY_ASSIGN(ram_identity_, ram.Identity());
  return STATUS_SUCCESS;
}

void SharedFrames::Shutdown() {
  {
    os::MutexGuard guard(move_mutex_);
    if (std::exchange(has_fault_hook_, false)) os::RemoveMemoryFaultHook(OnFault);
  }
  Table left;
  {
    SpinLockGuard guard(lock_);
    left.swap(table_);
    moved_pages_ = 0;
  }
}

void SharedFrames::SplitAtLocked(uint64_t page) {
  auto entry = table_.upper_bound(page);
  if (entry == table_.begin()) return;
  --entry;
  const uint64_t first = entry->first;
  Moved& low = entry->second;
  if (page <= first || page >= first + low.count) return;
  const uint64_t count = page - first;
  const Moved high{low.count - count, low.pfn + count, low.object, low.object_page + count};
  low.count = count;
  table_.emplace(page, high);
  low.object->live[low.object_page].count = count;
  low.object->live[high.object_page] = {page, high.pfn, high.count};
}

void SharedFrames::ForgetLocked(uint64_t page, uint64_t count, std::vector<SharedObjectRef>* emptied) {
  SplitAtLocked(page);
  SplitAtLocked(page + count);
  for (auto entry = table_.lower_bound(page); entry != table_.end() && entry->first < page + count;) {
    Moved& moved = entry->second;
    moved.object->live.erase(moved.object_page);
    moved.object->live_count -= moved.count;
    moved_pages_.fetch_sub(moved.count, std::memory_order_relaxed);
    if (moved.object->live_count == 0) emptied->push_back(std::move(moved.object));
    entry = table_.erase(entry);
  }
}

void SharedFrames::RememberLocked(const PageRun& run, const SharedObjectRef& object, uint64_t object_page) {
  table_[run.page] = {run.count, run.pfn, object, object_page};
  object->live[object_page] = run;
  object->live_count += run.count;
  moved_pages_.fetch_add(run.count, std::memory_order_relaxed);
}

std::vector<SharedFrames::Place> SharedFrames::PlacesOfLocked(const PageRuns& runs) {
  std::vector<Place> places;
  for (const PageRun& run : runs) {
    const uint64_t end = run.page + run.count;
    for (uint64_t page = run.page; page < end;) {
      const Pfn pfn = run.pfn + (page - run.page);
      auto next = table_.upper_bound(page);
      uint64_t stop = next == table_.end() ? end : std::min(end, next->first);
      if (next != table_.begin()) {
        const auto& [first, moved] = *std::prev(next);
        if (page < first + moved.count) {
          stop = std::min(end, first + moved.count);
          places.push_back({moved.object, moved.object_page + (page - first), {page, pfn, stop - page}});
          page = stop;
          continue;
        }
      }
      places.push_back({nullptr, page, {page, pfn, stop - page}});
      page = stop;
    }
  }
  return places;
}

std::vector<SharedFrames::Place> SharedFrames::PlacesOf(const PageRuns& runs) {
  SpinLockGuard guard(lock_);
  return PlacesOfLocked(runs);
}

PageRuns SharedFrames::PagesIn(const SharedObject& object) {
  SpinLockGuard guard(lock_);
  PageRuns runs;
  for (const auto& [object_page, run] : object.live) runs.push_back(run);
  return runs;
}

bool SharedFrames::IsSealed(const SharedObject& object) {
  SpinLockGuard guard(lock_);
  return object.sealed;
}

bool SharedFrames::IsTainted(const SharedObject& object) {
  SpinLockGuard guard(lock_);
  return object.tainted;
}

void SharedFrames::Taint(SharedObject& object) {
  SpinLockGuard guard(lock_);
  object.tainted = true;
}

Status SharedFrames::Seal(SharedObject& object) {
  if (IsSealed(object)) return STATUS_SUCCESS;
  // Marked first: from now on mappings in this process are made of those that there are.
  {
    SpinLockGuard guard(lock_);
    object.sealed = true;
  }
  Status status = object.memory.SealFutureWrites();
  if (!status.ok()) {
    SpinLockGuard guard(lock_);
    object.sealed = false;
  }
  return status;
}

Status SharedFrames::MapAt(uintptr_t address, uint64_t page, uint64_t count, os::Protection protection) {
  MappingScope scope(gate_);
  const auto map_ram = [&](uint64_t first, uint64_t pages, uintptr_t at) -> Status {
    if (protection == os::Protection::kRead)
      return ram_->MapReadOnlyAt(at, pages * kPageBytes, first * kPageBytes);
    return ram_->MapAt(at, pages * kPageBytes, first * kPageBytes, protection);
  };
  if (moved_pages() == 0) return map_ram(page, count, address);
  for (const Place& place : PlacesOf({{page, page, count}})) {
    const uint64_t bytes = place.run.count * kPageBytes;
    const uintptr_t at = address + (place.run.page - page) * kPageBytes;
    if (place.object == nullptr) {
      RING3_TRY(map_ram(place.run.page, place.run.count, at));
    } else if (protection == os::Protection::kRead || !IsSealed(*place.object)) {
      Status status = place.object->memory.MapAt(at, bytes, place.object_page * kPageBytes, protection);
      // Sealed in between.
      if (!status.ok() && protection != os::Protection::kRead && IsSealed(*place.object)) {
        RING3_TRY(os::MapAgain(place.run.address(), at, bytes));
        status = os::Protect(at, bytes, protection);
      }
      RING3_TRY(status);
    } else {
      RING3_TRY(os::MapAgain(place.run.address(), at, bytes));
      RING3_TRY(os::Protect(at, bytes, protection));
    }
  }
  return STATUS_SUCCESS;
}

bool SharedFrames::Restore(uint64_t page, uint64_t count) {
  if (moved_pages() == 0) return true;
  std::vector<SharedObjectRef> emptied;
  MappingScope scope(gate_);
  for (const Place& place : PlacesOf({{page, page, count}})) {
    if (place.object == nullptr) continue;
    const auto show_ram = [&] {
      return ram_->ReplaceAt(place.run.address(), place.run.count * kPageBytes, place.run.page * kPageBytes,
                             os::Protection::kReadWrite);
    };
    // Once more: a page too many that is lost is worth another try.
    if (!show_ram().ok() && !show_ram().ok()) return false;
    SpinLockGuard guard(lock_);
    ForgetLocked(place.run.page, place.run.count, &emptied);
  }
  return true;
}

bool SharedFrames::FindFrames(const os::FileIdentity& file, uint64_t offset, FrameRun* frames) {
  if (moved_pages() == 0) return false;
  const uint64_t object_page = offset >> kPageShift;
  SpinLockGuard guard(lock_);
  for (const auto& [page, moved] : table_) {
    if (!(moved.object->identity == file)) continue;
    const auto& live = moved.object->live;
    auto run = live.upper_bound(object_page);
    if (run == live.begin()) return false;
    --run;
    if (object_page >= run->first + run->second.count) return false;
    const uint64_t skip = object_page - run->first;
    *frames = {run->second.pfn + skip, run->second.count - skip};
    return true;
  }
  return false;
}

bool SharedFrames::OnFault(const os::MemoryFault& fault) {
  if (!fault.write || fault.bus_error || g_state == nullptr) return false;
  SharedFrames& frames = g_state->shared_frames;
  for (;;) {
    frames.gate_.WaitUntilOpen();
    const uint64_t generation = frames.generation();
    os::Region region;
    if (!g_state->local_space.Find(fault.address, &region)) return false;
    // It was held when the write was tried.
    if (region.writable) return true;
    // Read-only for good, unless the next move holds it.
    if (generation % 2 == 0 && frames.generation() == generation) return false;
  }
}

}  // namespace ring3::mm
