// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/spin_lock.h"
#include "ob/object.h"

namespace ring3::ob {

// The handles of one process, or the kernel's. Looking one up takes no lock: an entry keeps a stock of
// references that it took beforehand, and a lookup draws one with a single compare-exchange. Making and
// closing take the table's lock.
//
// A handle's value is four times its index. Kernel handles have the upper 33 bits set on top.
class HandleTable {
 public:
  enum class Kind { kProcess, kKernel };
  explicit HandleTable(Kind kind) : kind_(kind) {}
  ~HandleTable();
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;

  struct Entry {
    void* object = nullptr;
    ACCESS_MASK granted_access = 0;
    ULONG attributes = 0;
  };

  // The entry holds one reference, which the caller gives it.
  Result<HANDLE> Insert(const Entry& entry);
  // A reference for the caller. False: no such handle.
  bool Reference(HANDLE handle, Entry* entry) {
    Slot* slot = SlotOf(handle);
    if (slot == nullptr) return false;
    uint64_t word = slot->word.load(std::memory_order_acquire);
    for (;;) {
      if ((word & kPointerMask) == 0) return false;
      uint64_t rights = slot->rights.load(std::memory_order_relaxed);
      if (__builtin_expect((word & kStockMask) == 0, false)) {
        // By way of a local, so that the caller's entry can stay in registers.
        Entry found;
        if (!ReferenceSlow(slot, &found)) return false;
        *entry = found;
        return true;
      }
      if (__builtin_expect(slot->word.compare_exchange_weak(word, word - kStockOne, std::memory_order_acq_rel,
                                                            std::memory_order_acquire),
                           true)) {
        Decode(word, rights, entry);
        return true;
      }
    }
  }
  // Takes the handle out; the caller has the entry's reference (and gives back the unused stock, already
  // done). STATUS_INVALID_HANDLE, STATUS_HANDLE_NOT_CLOSABLE (ignored where `force`).
  enum class Closing { kChecked, kForced };
  Result<Entry> Remove(HANDLE handle, Closing closing);
  Status SetAttributes(HANDLE handle, ULONG attributes);

  uint32_t count() const { return count_.load(std::memory_order_relaxed); }
  // How many of the entries are for `object`.
  uint32_t CountOf(const void* object) const RING3_EXCLUDES(lock_);
  // Calls for every handle there is, without the lock; not for handles that come meanwhile.
  void ForEach(const std::function<void(HANDLE, const Entry&)>& visit);

 private:
  // word: object pointer / 16 (43 bits), stock of references (13 bits), generation (8 bits).
  static constexpr uint64_t kPointerMask = (uint64_t{1} << 43) - 1;
  static constexpr uint64_t kStockOne = uint64_t{1} << 43;
  static constexpr uint64_t kStockMost = 8191;
  static constexpr uint64_t kStockMask = kStockMost << 43;
  static constexpr uint64_t kGenerationOne = uint64_t{1} << 56;
  static constexpr uint64_t kGenerationMask = uint64_t{0xff} << 56;

  struct Slot {
    std::atomic<uint64_t> word{0};
    std::atomic<uint64_t> rights{0};  // granted access, attributes above; the next free index while free
  };
  // Each leaf is twice as large as the one before: most processes have few handles, and there may be many
  // processes.
  static constexpr uint32_t kFirstLeafSlots = 64;
  static constexpr uint32_t kLeaves = 14;
  static constexpr uint32_t kMostHandles = kFirstLeafSlots * ((1u << kLeaves) - 1);
  struct Place {
    uint32_t leaf;
    uint32_t slot;
  };
  static Place PlaceOf(uint32_t index) {
    const uint32_t leaf = static_cast<uint32_t>(std::bit_width(index / kFirstLeafSlots + 1)) - 1;
    return {leaf, index - kFirstLeafSlots * ((1u << leaf) - 1)};
  }

  static void Decode(uint64_t word, uint64_t rights, Entry* entry) {
    entry->object = reinterpret_cast<void*>((word & kPointerMask) << 4);
    entry->granted_access = static_cast<ACCESS_MASK>(rights);
    entry->attributes = static_cast<ULONG>(rights >> 32);
  }
  Slot* SlotOf(HANDLE handle) const {
    uint32_t index = static_cast<uint32_t>(reinterpret_cast<ULONG_PTR>(handle) & 0x7fffffff) >> 2;
    if (index >= kMostHandles) return nullptr;
    const Place place = PlaceOf(index);
    Slot* leaf = leaves_[place.leaf].load(std::memory_order_acquire);
    return leaf == nullptr ? nullptr : &leaf[place.slot];
  }
  bool ReferenceSlow(Slot* slot, Entry* entry);
  HANDLE ToHandle(uint32_t index) const {
    ULONG_PTR value = ULONG_PTR{index} * 4;
    return reinterpret_cast<HANDLE>(kind_ == Kind::kKernel ? value | 0xffffffff80000000 : value);
  }

  const Kind kind_;
  mutable SpinLock lock_{LockRank::kHandleTable};
  uint32_t free_head_ RING3_GUARDED_BY(lock_) = 0;  // 0: none; index 0 is never used
  uint32_t next_unused_ RING3_GUARDED_BY(lock_) = 1;
  std::atomic<uint32_t> count_{0};
  std::atomic<Slot*> leaves_[kLeaves] = {};
};

// The kernel's table, also the system process' own.
extern HandleTable* g_kernel_handles;

}  // namespace ring3::ob
