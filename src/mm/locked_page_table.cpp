// SPDX-License-Identifier: MIT
#include "mm/locked_page_table.h"

#include "mm/client_lock.h"
#include "os/memory.h"
#include "os/thread.h"

namespace ring3::mm {
namespace {

// An unmapper is in the kernel for a microsecond or so, unless it has lost its processor.
constexpr int kSpinsBeforeYield = 200;
constexpr size_t kNotFound = ~size_t{0};

bool Overlaps(const LockedRange& range, uintptr_t start, uint64_t byte_count) {
  if (range.client != nullptr) return range.client->Holds(start, byte_count);
  return range.start < start + byte_count && start < range.start + range.page_count * kPageBytes;
}

}  // namespace

size_t LockedPageTable::Find(const Shard& shard, PMDL mdl) {
  if (shard.slots.empty()) return kNotFound;
  const size_t mask = shard.slots.size() - 1;
  for (size_t i = Hash(mdl) & mask; shard.slots[i].mdl != nullptr; i = (i + 1) & mask) {
    if (shard.slots[i].mdl == mdl) return i;
  }
  return kNotFound;
}

void LockedPageTable::Place(Shard& shard, const LockedRange& range) {
  const size_t mask = shard.slots.size() - 1;
  size_t i = Hash(range.mdl) & mask;
  while (shard.slots[i].mdl != nullptr) i = (i + 1) & mask;
  shard.slots[i] = range;
}

void LockedPageTable::Erase(Shard& shard, size_t hole) {
  const size_t mask = shard.slots.size() - 1;
  for (size_t i = (hole + 1) & mask; shard.slots[i].mdl != nullptr; i = (i + 1) & mask) {
    const size_t home = Hash(shard.slots[i].mdl) & mask;
    // An entry moves into the hole unless its home lies cyclically in (hole, i].
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    shard.slots[hole] = shard.slots[i];
    hole = i;
  }
  shard.slots[hole].mdl = nullptr;
}

void LockedPageTable::Insert(const LockedRange& range) {
  Shard& shard = ShardOf(range.mdl);
  SpinLockGuard guard(shard.lock);
  const uint32_t count = shard.count.load(std::memory_order_relaxed) + 1;
  if (count * 2 > shard.slots.size()) {
    std::vector<LockedRange> old(shard.slots.empty() ? 16 : shard.slots.size() * 2, LockedRange{});
    old.swap(shard.slots);
    for (const LockedRange& entry : old) {
      if (entry.mdl != nullptr) Place(shard, entry);
    }
  }
  Place(shard, range);
  shard.count.store(count, std::memory_order_seq_cst);
}

bool LockedPageTable::Remove(PMDL mdl, LockedRange* removed) {
  Shard& shard = ShardOf(mdl);
  {
    SpinLockGuard guard(shard.lock);
    const size_t index = Find(shard, mdl);
    if (index == kNotFound) return false;
    *removed = shard.slots[index];
    Erase(shard, index);
    shard.count.fetch_sub(1, std::memory_order_seq_cst);
  }
  if (deferred_count_.load(std::memory_order_seq_cst) != 0) RunDeferredUnmaps();
  return true;
}

void LockedPageTable::Orphan(PMDL mdl) {
  LockedRange range;
  Shard& shard = ShardOf(mdl);
  {
    SpinLockGuard guard(shard.lock);
    const size_t index = Find(shard, mdl);
    if (index == kNotFound) return;
    range = shard.slots[index];
    Erase(shard, index);
    shard.count.fetch_sub(1, std::memory_order_seq_cst);
  }
  range.mdl = reinterpret_cast<PMDL>(next_orphan_.fetch_add(2));  // odd: no MDL's address
  Insert(range);
}

void LockedPageTable::Shrink(PMDL mdl, uintptr_t start, uint64_t page_count) {
  Shard& shard = ShardOf(mdl);
  SpinLockGuard guard(shard.lock);
  const size_t index = Find(shard, mdl);
  if (index == kNotFound) return;
  shard.slots[index].start = start;
  shard.slots[index].page_count = page_count;
}

bool LockedPageTable::AnyIn(uintptr_t start, uint64_t byte_count) {
  for (Shard& shard : shards_) {
    if (shard.count.load(std::memory_order_seq_cst) == 0) continue;
    SpinLockGuard guard(shard.lock);
    for (const LockedRange& range : shard.slots) {
      if (range.mdl != nullptr && Overlaps(range, start, byte_count)) return true;
    }
  }
  return false;
}

void LockedPageTable::ForEach(const std::function<void(const LockedRange&)>& visit) {
  for (Shard& shard : shards_) {
    if (shard.count.load(std::memory_order_seq_cst) == 0) continue;
    SpinLockGuard guard(shard.lock);
    for (const LockedRange& range : shard.slots) {
      if (range.mdl != nullptr) visit(range);
    }
  }
}

void LockedPageTable::WaitForUnmappers() const {
  for (int spins = 0; unmappers_.load(std::memory_order_seq_cst) != 0; ++spins) {
    __builtin_ia32_pause();
    if (spins > kSpinsBeforeYield) os::YieldThread();
  }
}

bool LockedPageTable::TryDefer(uintptr_t start, uint64_t byte_count) {
  if (!AnyIn(start, byte_count)) return false;
  {
    SpinLockGuard guard(deferred_lock_);
    deferred_.push_back({start, byte_count});
    deferred_count_.store(static_cast<uint32_t>(deferred_.size()), std::memory_order_seq_cst);
  }
  // What was locked may have been unlocked before this entry could be seen.
  return true;
}

void LockedPageTable::Unmap(uintptr_t start, uint64_t byte_count) {
  unmappers_.fetch_add(1, std::memory_order_seq_cst);
  const bool deferred = TryDefer(start, byte_count);
  if (!deferred) os::Release(start, byte_count);
  unmappers_.fetch_sub(1, std::memory_order_seq_cst);
  if (deferred) RunDeferredUnmaps();
}

void LockedPageTable::RunDeferredUnmaps() {
  unmappers_.fetch_add(1, std::memory_order_seq_cst);
  std::vector<Deferred> now;
  {
    SpinLockGuard guard(deferred_lock_);
    for (size_t i = 0; i < deferred_.size();) {
      if (AnyIn(deferred_[i].start, deferred_[i].byte_count)) {
        ++i;
        continue;
      }
      now.push_back(deferred_[i]);
      deferred_[i] = deferred_.back();
      deferred_.pop_back();
    }
    deferred_count_.store(static_cast<uint32_t>(deferred_.size()), std::memory_order_seq_cst);
  }
  for (const Deferred& range : now) os::Release(range.start, range.byte_count);
  unmappers_.fetch_sub(1, std::memory_order_seq_cst);
}

void LockedPageTable::Shutdown(LeakReport& leaks) {
  for (Shard& shard : shards_) {
    std::vector<LockedRange> left;
    {
      SpinLockGuard guard(shard.lock);
      left.swap(shard.slots);
      shard.count = 0;
    }
    for (const LockedRange& range : left) {
      if (range.mdl == nullptr) continue;
      leaks.Add(Describe(range));
      delete range.client;
    }
  }
  RunDeferredUnmaps();
}

}  // namespace ring3::mm
