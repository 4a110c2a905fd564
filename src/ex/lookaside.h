// SPDX-License-Identifier: MIT
#pragma once

#include "base/leak_report.h"
#include "ex/pool_block.h"

namespace ring3::ex {

// The fields that the three kinds of lookaside list have in common.
using LookasideList = GENERAL_LOOKASIDE_POOL;

// Entries that one thread keeps of one list, linked through their first bytes. The list's generation tells
// whether they are still of that list: deleting or flushing it starts a new one.
struct Magazine {
  uint32_t generation;  // zero: unused
  uint32_t count;
  SINGLE_LIST_ENTRY* first;
  uint32_t allocations;  // not yet added to the list's statistics
  uint32_t frees;
};

// Lists are numbered, so that a thread finds its magazine by index; list 0 has none.
inline constexpr uint32_t kMostLookasideLists = 1024;

// The calling thread's magazines, by list number; null until it first needs one.
extern constinit thread_local Magazine* t_magazines;
// Gives them back. At the thread's end, and sooner where the executive may be gone by then.
void RetireMagazinesOfThread();

// Custom routines get the list (Ex) or not.
enum class LookasideKind : uint8_t { kPlain, kEx };

// Where a list keeps its number and generation.
inline uint32_t& NumberOf(LookasideList& list) {
  return list.Future[0];
}
inline uint32_t& GenerationOf(LookasideList& list) {
  return list.Future[1];
}

void InitializeLookaside(LookasideList& list, POOL_TYPE type, ULONG tag, size_t size);
void DeleteLookaside(LookasideList& list, LookasideKind kind);
void FlushLookaside(LookasideList& list, LookasideKind kind);
void* AllocateFromLookasideSlow(LookasideList& list, LookasideKind kind);
void FreeToLookasideSlow(LookasideList& list, void* entry, LookasideKind kind);
// Adapts every list's depth to its use since the last time.
void AdjustLookasideDepths();

// What is left at shutdown: lists that were not deleted. Their entries are pool and go with it.
void ShutdownLookasides(LeakReport& leaks);

inline Magazine* MagazineOf(LookasideList& list) {
  Magazine* magazines = t_magazines;
  if (magazines == nullptr) [[unlikely]]
    return nullptr;
  Magazine& magazine = magazines[NumberOf(list) % kMostLookasideLists];
  return magazine.generation == __atomic_load_n(&GenerationOf(list), __ATOMIC_RELAXED) ? &magazine : nullptr;
}

inline void* AllocateFromLookaside(LookasideList& list, LookasideKind kind) {
  if (Magazine* magazine = MagazineOf(list)) [[likely]] {
    if (SINGLE_LIST_ENTRY* entry = magazine->first) [[likely]] {
      magazine->first = entry->Next;
      --magazine->count;
      ++magazine->allocations;
      return entry;
    }
  }
  return AllocateFromLookasideSlow(list, kind);
}

inline void FreeToLookaside(LookasideList& list, void* entry, LookasideKind kind) {
  if (Magazine* magazine = MagazineOf(list)) [[likely]] {
    auto* link = static_cast<SINGLE_LIST_ENTRY*>(entry);
    if (magazine->count < __atomic_load_n(&list.Depth, __ATOMIC_RELAXED) && magazine->first != link)
        [[likely]] {
      link->Next = magazine->first;
      magazine->first = link;
      ++magazine->count;
      ++magazine->frees;
      return;
    }
  }
  FreeToLookasideSlow(list, entry, kind);
}

}  // namespace ring3::ex
