// SPDX-License-Identifier: MIT
#include "ob/handle_table.h"

#include <new>
#include <vector>

#include "base/fault_injection.h"

namespace ring3::ob {

HandleTable* g_kernel_handles = nullptr;

HandleTable::~HandleTable() {
  for (std::atomic<Slot*>& leaf : leaves_) delete[] leaf.load();
}

Result<HANDLE> HandleTable::Insert(const Entry& entry) {
  if (ShouldFail("handle")) return STATUS_INSUFFICIENT_RESOURCES;
  SpinLockGuard guard(lock_);
  uint32_t index = free_head_;
  Slot* slot;
  if (index != 0) {
    slot = SlotOf(ToHandle(index));
    free_head_ = static_cast<uint32_t>(slot->rights.load(std::memory_order_relaxed));
  } else {
    index = next_unused_;
    if (index == kMostHandles) return STATUS_INSUFFICIENT_RESOURCES;
    const uint32_t place = PlaceOf(index).leaf;
    std::atomic<Slot*>& leaf = leaves_[place];
    if (leaf.load(std::memory_order_relaxed) == nullptr) {
      Slot* fresh = new (std::nothrow) Slot[kFirstLeafSlots << place];
      if (fresh == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
      leaf.store(fresh, std::memory_order_release);
    }
    ++next_unused_;
    slot = SlotOf(ToHandle(index));
  }
  slot->rights.store(uint64_t{entry.attributes} << 32 | entry.granted_access, std::memory_order_relaxed);
  uint64_t generation = slot->word.load(std::memory_order_relaxed) & kGenerationMask;
  slot->word.store(generation | reinterpret_cast<uint64_t>(entry.object) >> 4, std::memory_order_release);
  count_.fetch_add(1, std::memory_order_relaxed);
  return ToHandle(index);
}

bool HandleTable::ReferenceSlow(Slot* slot, Entry* entry) {
  SpinLockGuard guard(lock_);
  // Only this function and Insert put anything in, both under the lock: what is here stays.
  uint64_t word = slot->word.load(std::memory_order_acquire);
  if ((word & kPointerMask) == 0) return false;
  Decode(word, slot->rights.load(std::memory_order_relaxed), entry);
  if ((word & kStockMask) == 0) {
    // One for the caller, the rest for those who come next. The entry's own reference keeps the object
    // meanwhile.
    ObjectHeader::Of(entry->object)->pointer_count.fetch_add(kStockMost + 1, std::memory_order_relaxed);
    slot->word.fetch_add(kStockMost * kStockOne, std::memory_order_acq_rel);
  } else {
    ObjectHeader::Of(entry->object)->pointer_count.fetch_add(1, std::memory_order_relaxed);
  }
  return true;
}

Result<HandleTable::Entry> HandleTable::Remove(HANDLE handle, Closing closing) {
  constexpr ULONG kProtectFromClose = 1;
  Entry entry;
  uint64_t word;
  {
    SpinLockGuard guard(lock_);
    Slot* slot = SlotOf(handle);
    if (slot == nullptr || (slot->word.load(std::memory_order_acquire) & kPointerMask) == 0) {
      return STATUS_INVALID_HANDLE;
    }
    uint64_t rights = slot->rights.load(std::memory_order_relaxed);
    if (closing == Closing::kChecked && (rights >> 32 & kProtectFromClose) != 0)
      return STATUS_HANDLE_NOT_CLOSABLE;
    word = slot->word.load(std::memory_order_relaxed);
    while (!slot->word.compare_exchange_weak(word, (word & kGenerationMask) + kGenerationOne,
                                             std::memory_order_acq_rel)) {
    }
    Decode(word, rights, &entry);
    slot->rights.store(free_head_, std::memory_order_relaxed);
    free_head_ = static_cast<uint32_t>(reinterpret_cast<ULONG_PTR>(handle) & 0x7fffffff) >> 2;
    count_.fetch_sub(1, std::memory_order_relaxed);
  }
  if (uint64_t stock = (word & kStockMask) / kStockOne; stock != 0) {
    Dereference(entry.object, static_cast<int64_t>(stock));
  }
  return entry;
}

Status HandleTable::SetAttributes(HANDLE handle, ULONG attributes) {
  SpinLockGuard guard(lock_);
  Slot* slot = SlotOf(handle);
  if (slot == nullptr || (slot->word.load(std::memory_order_relaxed) & kPointerMask) == 0) {
    return STATUS_INVALID_HANDLE;
  }
  uint64_t access = slot->rights.load(std::memory_order_relaxed) & MAXULONG;
  slot->rights.store(uint64_t{attributes} << 32 | access, std::memory_order_relaxed);
  return STATUS_SUCCESS;
}

uint32_t HandleTable::CountOf(const void* object) const {
  SpinLockGuard guard(lock_);
  uint32_t found = 0;
  for (uint32_t index = 1; index < next_unused_; ++index) {
    uint64_t word = SlotOf(ToHandle(index))->word.load(std::memory_order_relaxed);
    if ((word & kPointerMask) << 4 == reinterpret_cast<uint64_t>(object)) ++found;
  }
  return found;
}

void HandleTable::ForEach(const std::function<void(HANDLE, const Entry&)>& visit) {
  std::vector<std::pair<HANDLE, Entry>> all;
  {
    SpinLockGuard guard(lock_);
    for (uint32_t index = 1; index < next_unused_; ++index) {
      Slot* slot = SlotOf(ToHandle(index));
      uint64_t word = slot->word.load(std::memory_order_acquire);
      if ((word & kPointerMask) == 0) continue;
      Entry entry;
      Decode(word, slot->rights.load(std::memory_order_relaxed), &entry);
      all.emplace_back(ToHandle(index), entry);
    }
  }
  for (const auto& [handle, entry] : all) visit(handle, entry);
}

}  // namespace ring3::ob
