// SPDX-License-Identifier: MIT
#pragma once

#include "ex/pool_block.h"

#include <array>
#include <atomic>
#include <string>
#include <unordered_map>

namespace ring3::ex {

// What is accounted under one tag in one pool.
struct TagUsage {
  uint64_t allocations = 0;
  uint64_t frees = 0;
  uint64_t allocated_bytes = 0;
  uint64_t freed_bytes = 0;

  uint64_t live_bytes() const { return allocated_bytes - freed_bytes; }
  uint64_t live_blocks() const { return allocations - frees; }
};

// A tag and the pool it is used in.
struct TagKey {
  uint32_t tag;
  PoolKind kind;

  uint64_t packed() const { return uint64_t{1} << 40 | uint64_t{static_cast<uint8_t>(kind)} << 32 | tag; }
  static TagKey Of(uint64_t packed) {
    return {static_cast<uint32_t>(packed), static_cast<PoolKind>(packed >> 32 & kPoolKindMask)};
  }
};

using TagTotals = std::unordered_map<uint64_t, TagUsage>;  // by TagKey::packed

// The four characters of a tag, as a debugger shows them; unprintable ones as dots.
std::string TagText(uint32_t tag);
const char* PoolKindText(PoolKind kind);

// A thread's counters. Written by their thread alone, read by whoever sums up, so nothing on the fast path is
// shared.
class TagCounters {
 public:
  struct Slot {
    std::atomic<uint64_t> key{0};
    std::atomic<uint64_t> allocations{0};
    std::atomic<uint64_t> frees{0};
    std::atomic<uint64_t> allocated_bytes{0};
    std::atomic<uint64_t> freed_bytes{0};
  };

  // The slot of `key`, or null when another tag is in its place: Replace then.
  Slot* Find(uint64_t key) {
    Slot& slot = slots_[IndexOf(key)];
    return slot.key.load(std::memory_order_relaxed) == key ? &slot : nullptr;
  }
  // Adds what is in the place of `key` to `totals` and gives the place to `key`. Under the lock that guards
  // `totals`.
  Slot& Replace(uint64_t key, TagTotals& totals);
  // Adds all counters to `totals`; FlushTo also sets them to zero, in their own thread only.
  void AddTo(TagTotals& totals) const;
  void FlushTo(TagTotals& totals);

  static void CountAllocation(Slot& slot, size_t byte_count) {
    Bump(slot.allocations, 1);
    Bump(slot.allocated_bytes, byte_count);
  }
  static void CountFree(Slot& slot, size_t byte_count) {
    Bump(slot.frees, 1);
    Bump(slot.freed_bytes, byte_count);
  }

 private:
  static constexpr size_t kSlotCount = 128;
  static size_t IndexOf(uint64_t key) { return (key * 0x9e3779b97f4a7c15) >> 57; }
  static void Bump(std::atomic<uint64_t>& counter, uint64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  static void AddSlot(const Slot& slot, TagTotals& totals);

  std::array<Slot, kSlotCount> slots_;
};

}  // namespace ring3::ex
