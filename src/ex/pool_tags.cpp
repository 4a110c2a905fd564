// SPDX-License-Identifier: MIT
#include "ex/pool_tags.h"

namespace ring3::ex {

std::string TagText(uint32_t tag) {
  std::string text;
  for (int shift = 0; shift < 32; shift += 8) {
    const char c = static_cast<char>(tag >> shift);
    text.push_back(c >= 0x20 && c < 0x7f ? c : '.');
  }
  return text;
}

const char* PoolKindText(PoolKind kind) {
  switch (kind) {
    case PoolKind::kNonPagedExecute:
      return "nonpaged executable";
    case PoolKind::kNonPagedNx:
      return "nonpaged";
    case PoolKind::kPaged:
      return "paged";
  }
  return "unknown";
}

void TagCounters::AddSlot(const Slot& slot, TagTotals& totals) {
  const uint64_t key = slot.key.load(std::memory_order_relaxed);
  if (key == 0) return;
  TagUsage& usage = totals[key];
  usage.allocations += slot.allocations.load(std::memory_order_relaxed);
  usage.frees += slot.frees.load(std::memory_order_relaxed);
  usage.allocated_bytes += slot.allocated_bytes.load(std::memory_order_relaxed);
  usage.freed_bytes += slot.freed_bytes.load(std::memory_order_relaxed);
}

TagCounters::Slot& TagCounters::Replace(uint64_t key, TagTotals& totals) {
  Slot& slot = slots_[IndexOf(key)];
  AddSlot(slot, totals);
  slot.key.store(key, std::memory_order_relaxed);
  slot.allocations.store(0, std::memory_order_relaxed);
  slot.frees.store(0, std::memory_order_relaxed);
  slot.allocated_bytes.store(0, std::memory_order_relaxed);
  slot.freed_bytes.store(0, std::memory_order_relaxed);
  return slot;
}

void TagCounters::AddTo(TagTotals& totals) const {
  for (const Slot& slot : slots_) AddSlot(slot, totals);
}

void TagCounters::FlushTo(TagTotals& totals) {
  for (Slot& slot : slots_) {
    AddSlot(slot, totals);
    slot.key.store(0, std::memory_order_relaxed);
    slot.allocations.store(0, std::memory_order_relaxed);
    slot.frees.store(0, std::memory_order_relaxed);
    slot.allocated_bytes.store(0, std::memory_order_relaxed);
    slot.freed_bytes.store(0, std::memory_order_relaxed);
  }
}

}  // namespace ring3::ex
