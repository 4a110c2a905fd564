// SPDX-License-Identifier: MIT
#include "ex/lookaside.h"

#include <bugcodes.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/spin_lock.h"
#include "ex/pool.h"
#include "ex/pool_ddi.h"
#include "ke/driver_gate.h"
#include "os/clock.h"
#include "os/thread.h"

namespace ring3::ex {

constinit thread_local Magazine* t_magazines = nullptr;

namespace {

constexpr USHORT kLeastDepth = 4;
// Of a list that has no magazines: no magazine has it.
constexpr uint32_t kNoGeneration = ~0u;
constexpr int64_t kAdjustPeriodNs = 1'000'000'000;
// Misses among a thousand allocations from which a list is too short.
constexpr uint64_t kTolerableMisses = 5;

// Every list in use, and every thread's magazines.
struct Registry {
  struct List {
    LookasideList* list = nullptr;
    uint32_t first_generation = 0;         // the magazines of this list have this one or a later one
    SINGLE_LIST_ENTRY* orphans = nullptr;  // entries that threads left behind when they ended
  };
  SpinLock lock{LockRank::kPool};
  std::array<List, kMostLookasideLists> lists RING3_GUARDED_BY(lock);
  uint32_t next_generation RING3_GUARDED_BY(lock) = 1;
  uint32_t next_number RING3_GUARDED_BY(lock) = 1;
  std::vector<Magazine*> threads RING3_GUARDED_BY(lock);
  int64_t last_adjustment_ns RING3_GUARDED_BY(lock) = 0;
};

Registry& TheRegistry() {
  static Registry& registry = *new Registry;
  return registry;
}

void Add(ULONG& counter, uint32_t by) {
  __atomic_fetch_add(&counter, by, __ATOMIC_RELAXED);
}

void Chain(SINGLE_LIST_ENTRY*& chain, SINGLE_LIST_ENTRY* entries) {
  while (entries != nullptr) {
    SINGLE_LIST_ENTRY* next = entries->Next;
    entries->Next = chain;
    chain = entries;
    entries = next;
  }
}

void CountInto(LookasideList& list, Magazine& magazine) {
  Add(list.TotalAllocates, magazine.allocations);
  Add(list.TotalFrees, magazine.frees);
  magazine.allocations = 0;
  magazine.frees = 0;
}

constinit os::AtThreadEnd g_magazines_end([](void*) { RetireMagazinesOfThread(); });

Magazine* MagazinesOfThread() {
  if (t_magazines != nullptr) return t_magazines;
  auto* magazines = new Magazine[kMostLookasideLists]();
  Registry& registry = TheRegistry();
  {
    SpinLockGuard guard(registry.lock);
    registry.threads.push_back(magazines);
  }
  g_magazines_end.Arm(magazines);
  t_magazines = magazines;
  return magazines;
}

void* AllocateEntry(LookasideList& list, LookasideKind kind) {
  if (list.Allocate == &ExAllocatePoolWithTag) {
    const OnFailure on_failure =
        (list.Type & POOL_RAISE_IF_ALLOCATION_FAILURE) != 0 ? OnFailure::kRaise : OnFailure::kReturnNull;
    return AllocateByType(list.Type, list.Size, list.Tag, 0, on_failure, &list);
  }
  if (kind == LookasideKind::kEx) {
    return ke::CallDriver(nullptr, ke::Callback::kAllocator, list.AllocateEx, list.Type, SIZE_T{list.Size},
                          list.Tag, reinterpret_cast<PLOOKASIDE_LIST_EX>(&list));
  }
  return ke::CallDriver(nullptr, ke::Callback::kAllocator, list.Allocate, list.Type, SIZE_T{list.Size},
                        list.Tag);
}

void FreeEntry(LookasideList& list, void* entry, LookasideKind kind) {
  if (list.Free == &ExFreePool) {
    ExFreePool(entry);
  } else if (kind == LookasideKind::kEx) {
    ke::CallDriver(nullptr, ke::Callback::kAllocator, list.FreeEx, static_cast<PVOID>(entry),
                   reinterpret_cast<PLOOKASIDE_LIST_EX>(&list));
  } else {
    ke::CallDriver(nullptr, ke::Callback::kAllocator, list.Free, static_cast<PVOID>(entry));
  }
}

void FreeEntries(LookasideList& list, SINGLE_LIST_ENTRY* entries, LookasideKind kind) {
  while (entries != nullptr) {
    SINGLE_LIST_ENTRY* next = entries->Next;
    FreeEntry(list, entries, kind);
    entries = next;
  }
}

// Longer where allocations miss, shorter where they do not or there are none.
void AdjustDepth(LookasideList& list) {
  const ULONG allocations = __atomic_load_n(&list.TotalAllocates, __ATOMIC_RELAXED);
  const ULONG misses = __atomic_load_n(&list.AllocateMisses, __ATOMIC_RELAXED);
  const uint64_t new_allocations = allocations - list.LastTotalAllocates;
  const uint64_t new_misses = misses - list.LastAllocateMisses;
  list.LastTotalAllocates = allocations;
  list.LastAllocateMisses = misses;
  USHORT depth = list.Depth;
  if (new_misses * 1000 > new_allocations * kTolerableMisses) {
    depth = static_cast<USHORT>(std::min<int>(depth * 2, list.MaximumDepth));
  } else {
    depth = static_cast<USHORT>(std::max<int>(depth - depth / 8 - 1, kLeastDepth));
  }
  __atomic_store_n(&list.Depth, depth, __ATOMIC_RELAXED);
}

// A list that keeps missing is made longer at once; all lists are looked at once a second.
void AdjustSometimes(LookasideList& list) {
  Registry& registry = TheRegistry();
  const int64_t now = os::CoarseMonotonicNs();
  bool all = false;
  {
    SpinLockGuard guard(registry.lock);
    if (now - registry.last_adjustment_ns > kAdjustPeriodNs) {
      registry.last_adjustment_ns = now;
      all = true;
    }
    const uint64_t misses = __atomic_load_n(&list.AllocateMisses, __ATOMIC_RELAXED) - list.LastAllocateMisses;
    if (misses >= list.Depth && NumberOf(list) != 0) AdjustDepth(list);
  }
  if (all) AdjustLookasideDepths();
}

SINGLE_LIST_ENTRY* TakeOrphans(LookasideList& list) {
  Registry& registry = TheRegistry();
  SpinLockGuard guard(registry.lock);
  return std::exchange(registry.lists[NumberOf(list) % kMostLookasideLists].orphans, nullptr);
}

// The thread's magazine, in the list's present generation; entries of an older one are freed. Null: list
// without one.
Magazine* CurrentMagazine(LookasideList& list, LookasideKind kind) {
  const uint32_t number = NumberOf(list);
  if (number == 0) return nullptr;
  Magazine& magazine = MagazinesOfThread()[number % kMostLookasideLists];
  const uint32_t generation = __atomic_load_n(&GenerationOf(list), __ATOMIC_ACQUIRE);
  if (magazine.generation == generation) return &magazine;
  // Deleting a list empties its magazines everywhere, so what is here belonged to this list before it was
  // flushed.
  SINGLE_LIST_ENTRY* old = std::exchange(magazine.first, nullptr);
  magazine.count = 0;
  magazine.generation = generation;
  FreeEntries(list, old, kind);
  return &magazine;
}

// Everything that is in the list, wherever: its own head, orphans, and the magazines of the calling or all
// threads.
enum class Whose : uint8_t { kThisThread, kEveryThread };
SINGLE_LIST_ENTRY* TakeAll(LookasideList& list, Whose whose) {
  SINGLE_LIST_ENTRY* all = nullptr;
  const uint32_t number = NumberOf(list);
  if (number != 0) {
    Registry& registry = TheRegistry();
    SpinLockGuard guard(registry.lock);
    Registry::List& known = registry.lists[number % kMostLookasideLists];
    Chain(all, std::exchange(known.orphans, nullptr));
    for (Magazine* magazines : registry.threads) {
      if (whose == Whose::kThisThread && magazines != t_magazines) continue;
      Magazine& magazine = magazines[number % kMostLookasideLists];
      if (magazine.generation < known.first_generation) continue;
      CountInto(list, magazine);
      Chain(all, std::exchange(magazine.first, nullptr));
      magazine.count = 0;
      magazine.generation = 0;
    }
  }
  Chain(all, reinterpret_cast<SINGLE_LIST_ENTRY*>(ExpInterlockedFlushSList(&list.ListHead)));
  return all;
}

}  // namespace

void RetireMagazinesOfThread() {
  Magazine* const magazines = std::exchange(t_magazines, nullptr);
  if (magazines == nullptr) return;
  Registry& registry = TheRegistry();
  SpinLockGuard guard(registry.lock);
  std::erase(registry.threads, magazines);
  for (uint32_t number = 1; number < kMostLookasideLists; ++number) {
    Registry::List& known = registry.lists[number];
    if (magazines[number].generation == 0 || known.list == nullptr) continue;
    CountInto(*known.list, magazines[number]);
    Chain(known.orphans, magazines[number].first);
  }
  delete[] magazines;
}

void InitializeLookaside(LookasideList& list, POOL_TYPE type, ULONG tag, size_t size) {
  InitializeSListHead(&list.ListHead);
  list.Depth = kLeastDepth;
  list.MaximumDepth = EX_MAXIMUM_LOOKASIDE_DEPTH_BASE;
  list.TotalAllocates = list.AllocateMisses = list.TotalFrees = list.FreeMisses = 0;
  list.LastTotalAllocates = list.LastAllocateMisses = 0;
  list.Type = type;
  list.Tag = tag;
  list.Size = static_cast<ULONG>(std::max<size_t>(size, LOOKASIDE_MINIMUM_BLOCK_SIZE));
  list.ListEntry = {};
  NumberOf(list) = 0;
  GenerationOf(list) = kNoGeneration;
  // Where freed blocks must be out of reach at once nothing is kept.
  if (g_pool == nullptr || (g_pool->mode() & (kModeSpecial | kModeAsan)) != 0) {
    list.Depth = list.MaximumDepth = 0;
    return;
  }
  Registry& registry = TheRegistry();
  SpinLockGuard guard(registry.lock);
  for (uint32_t tries = 1; tries < kMostLookasideLists; ++tries) {
    const uint32_t number = registry.next_number;
    registry.next_number = number + 1 < kMostLookasideLists ? number + 1 : 1;
    if (registry.lists[number].list != nullptr) continue;
    const uint32_t generation = registry.next_generation++;
    registry.lists[number] = {&list, generation, nullptr};
    NumberOf(list) = number;
    __atomic_store_n(&GenerationOf(list), generation, __ATOMIC_RELEASE);
    return;
  }
}

void* AllocateFromLookasideSlow(LookasideList& list, LookasideKind kind) {
  Magazine* magazine = CurrentMagazine(list, kind);
  if (magazine != nullptr) CountInto(list, *magazine);
  Add(list.TotalAllocates, 1);
  if (magazine != nullptr && magazine->first == nullptr) {
    // Others' entries: half a magazine at once.
    for (int wanted = list.Depth / 2 + 1; wanted > 0; --wanted) {
      auto* entry = reinterpret_cast<SINGLE_LIST_ENTRY*>(ExpInterlockedPopEntrySList(&list.ListHead));
      if (entry == nullptr) break;
      entry->Next = magazine->first;
      magazine->first = entry;
      ++magazine->count;
    }
    if (magazine->first == nullptr) {
      for (SINGLE_LIST_ENTRY* entry = TakeOrphans(list); entry != nullptr;) {
        SINGLE_LIST_ENTRY* next = entry->Next;
        entry->Next = magazine->first;
        magazine->first = entry;
        ++magazine->count;
        entry = next;
      }
    }
  }
  if (magazine != nullptr && magazine->first != nullptr) {
    SINGLE_LIST_ENTRY* entry = magazine->first;
    magazine->first = entry->Next;
    --magazine->count;
    return entry;
  }
  if (void* entry = ExpInterlockedPopEntrySList(&list.ListHead)) return entry;
  Add(list.AllocateMisses, 1);
  AdjustSometimes(list);
  return AllocateEntry(list, kind);
}

void FreeToLookasideSlow(LookasideList& list, void* entry, LookasideKind kind) {
  Magazine* magazine = CurrentMagazine(list, kind);
  auto* link = static_cast<SINGLE_LIST_ENTRY*>(entry);
  if (magazine != nullptr) {
    // 7: freed already.
    if (magazine->first == link)
      KeBugCheckEx(BAD_POOL_CALLER, 7, 0, list.Tag, reinterpret_cast<ULONG_PTR>(entry));
    CountInto(list, *magazine);
    const bool full = magazine->count >= list.Depth;
    if (full) {
      for (int surplus = list.Depth / 2; surplus > 0 && ExQueryDepthSList(&list.ListHead) < list.Depth;
           --surplus) {
        SINGLE_LIST_ENTRY* moved = magazine->first;
        magazine->first = moved->Next;
        --magazine->count;
        ExpInterlockedPushEntrySList(&list.ListHead, reinterpret_cast<PSLIST_ENTRY>(moved));
      }
    }
    Add(list.TotalFrees, 1);
    if (magazine->count < list.Depth) {
      link->Next = magazine->first;
      magazine->first = link;
      ++magazine->count;
      return;
    }
  } else {
    Add(list.TotalFrees, 1);
    if (ExQueryDepthSList(&list.ListHead) < list.Depth) {
      ExpInterlockedPushEntrySList(&list.ListHead, static_cast<PSLIST_ENTRY>(entry));
      return;
    }
  }
  Add(list.FreeMisses, 1);
  FreeEntry(list, entry, kind);
}

void FlushLookaside(LookasideList& list, LookasideKind kind) {
  if (NumberOf(list) != 0) {
    Registry& registry = TheRegistry();
    SpinLockGuard guard(registry.lock);
    __atomic_store_n(&GenerationOf(list), registry.next_generation++, __ATOMIC_RELEASE);
  }
  // Other threads may be using theirs: they free them when they next come to the list.
  FreeEntries(list, TakeAll(list, Whose::kThisThread), kind);
}

void DeleteLookaside(LookasideList& list, LookasideKind kind) {
  SINGLE_LIST_ENTRY* all = TakeAll(list, Whose::kEveryThread);
  if (NumberOf(list) != 0) {
    Registry& registry = TheRegistry();
    SpinLockGuard guard(registry.lock);
    registry.lists[NumberOf(list) % kMostLookasideLists] = {};
    NumberOf(list) = 0;
    __atomic_store_n(&GenerationOf(list), kNoGeneration, __ATOMIC_RELEASE);
    list.Depth = 0;
  }
  FreeEntries(list, all, kind);
}

void AdjustLookasideDepths() {
  Registry& registry = TheRegistry();
  SpinLockGuard guard(registry.lock);
  for (Registry::List& known : registry.lists) {
    if (known.list != nullptr) AdjustDepth(*known.list);
  }
}

void ShutdownLookasides(LeakReport& leaks) {
  Registry& registry = TheRegistry();
  SpinLockGuard guard(registry.lock);
  for (Registry::List& known : registry.lists) {
    if (known.list == nullptr) continue;
    leaks.Add(fmt::format("lookaside list at {} not deleted", static_cast<void*>(known.list)));
    known = {};
  }
  for (Magazine* magazines : registry.threads) std::fill_n(magazines, kMostLookasideLists, Magazine{});
}

}  // namespace ring3::ex
