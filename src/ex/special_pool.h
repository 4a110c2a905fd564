// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "base/spin_lock.h"
#include "ex/pool_page_map.h"
#include "ke/bugcheck.h"

#include <deque>
#include <optional>
#include <unordered_set>

namespace ring3::ex {

// Blocks on pages of their own, next to a page that allows no access: what runs over a block's end faults at
// once, and what uses a freed block does as well, for as long as its pages rest. See "Special Pool" (devtest)
// in the Windows driver documentation.
class SpecialPool {
 public:
  explicit SpecialPool(PoolPageMap& map) : map_(map) {}

  enum class Edge : uint8_t { kEnd, kStart };  // which end of the block lies at the guard page

  // Null when there is no memory.
  void* Allocate(size_t byte_count, uint32_t tag, uint8_t attributes, Edge edge);
  // The block that `user` is; null when it is none.
  LargeBlock* Find(void* user);
  // The caller's pointer of the block whose data pages start at `first`.
  char* UserOf(void* first) const;
  // Bug checks (SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION) when bytes around the block were written.
  void Free(void* user);
  // The bug check for an access at `address` that faulted; none when the special pool has nothing to do with
  // it.
  std::optional<ke::BugCheck> Explain(uintptr_t address, bool is_write, uintptr_t instruction) const;
  // Gives back what rests and returns the live blocks' pages.
  void Shutdown();
  template <typename Visit>
  void ForEachLive(Visit visit) {
    SpinLockGuard guard(lock_);
    for (void* first : live_) visit(UserOf(first), map_.LargeOf(first));
  }

 private:
  static constexpr uint8_t kFill = 0x6b;
  static constexpr size_t kRestingPages = 16384;

  char* FirstPageOf(const void* user) const;
  void Release(char* first, size_t page_count);

  PoolPageMap& map_;
  SpinLock lock_{LockRank::kPool};
  std::unordered_set<void*> live_ RING3_GUARDED_BY(lock_);
  std::deque<char*> resting_ RING3_GUARDED_BY(lock_);
  size_t resting_pages_ RING3_GUARDED_BY(lock_) = 0;
};

}  // namespace ring3::ex
