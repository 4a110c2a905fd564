// SPDX-License-Identifier: MIT
#pragma once

#include "ex/pool_size_class.h"
#include "ex/pool_tags.h"

namespace ring3::ex {

// Free blocks of one class, linked through their headers.
struct FreeList {
  PoolHeader* head = nullptr;
  uint32_t count = 0;

  RING3_POOL_TOUCHES_REDZONES PoolHeader* Pop() {
    PoolHeader* block = head;
    if (block == nullptr) return nullptr;
    head = reinterpret_cast<PoolHeader*>(block->seal_or_next);
    --count;
    return block;
  }
  RING3_POOL_TOUCHES_REDZONES void Push(PoolHeader* block) {
    block->seal_or_next = reinterpret_cast<uint64_t>(head);
    head = block;
    ++count;
  }
};

// Executable blocks live in pages of their own.
enum class PageKind : uint8_t { kData = 0, kExecute = 1 };
inline constexpr size_t kPageKindCount = 2;
constexpr PageKind PageKindOf(PoolKind kind) {
  return kind == PoolKind::kNonPagedExecute ? PageKind::kExecute : PageKind::kData;
}

// A thread's own free blocks and counters: what makes allocation and freeing free of locks. A block that
// another thread allocated is simply kept by the thread that frees it; surplus goes to the central lists by
// the batch.
class ThreadCache {
 public:
  FreeList& ListOf(PageKind kind, int size_class) { return lists_[static_cast<size_t>(kind)][size_class]; }
  FreeList& pages(PageKind kind) { return pages_[static_cast<size_t>(kind)]; }
  TagCounters& tags() { return tags_; }

  // Forgets every block: their pages are gone. Only when no thread uses the pool.
  void Forget() {
    for (auto& kind : lists_)
      for (FreeList& list : kind) list = {};
    for (FreeList& list : pages_) list = {};
  }

  ThreadCache* next = nullptr;  // of the registry
  ThreadCache* previous = nullptr;

 private:
  FreeList lists_[kPageKindCount][kSizeClassCount];
  FreeList pages_[kPageKindCount];  // single free pages, linked through their first bytes
  TagCounters tags_;
};

}  // namespace ring3::ex
