// SPDX-License-Identifier: MIT
#include "ex/pool.h"

#include <utility>

#include "os/thread.h"

namespace ring3::ex {

constinit thread_local ThreadCache* t_pool_cache = nullptr;
Pool* g_pool = nullptr;

namespace {

// Outlives every boot: threads' caches stay theirs, emptied, from one boot to the next.
struct Registry {
  SpinLock lock{LockRank::kPool};
  ThreadCache* first RING3_GUARDED_BY(lock) = nullptr;
  TagTotals totals RING3_GUARDED_BY(lock);  // of threads that have gone, and of tags that lost their place
};

Registry& TheRegistry() {
  static Registry& registry = *new Registry;
  return registry;
}

constinit os::AtThreadEnd g_cache_end([](void*) { RetireCacheOfThread(); });

}  // namespace

void RetireCacheOfThread() {
  ThreadCache* const cache = std::exchange(t_pool_cache, nullptr);
  if (cache == nullptr) return;
  if (g_pool != nullptr) g_pool->Retire(cache);
  Registry& registry = TheRegistry();
  {
    SpinLockGuard guard(registry.lock);
    cache->tags().FlushTo(registry.totals);
    (cache->previous != nullptr ? cache->previous->next : registry.first) = cache->next;
    if (cache->next != nullptr) cache->next->previous = cache->previous;
  }
  delete cache;
}

ThreadCache& CacheOfThread() {
  if (t_pool_cache != nullptr) return *t_pool_cache;
  auto* cache = new ThreadCache;
  Registry& registry = TheRegistry();
  {
    SpinLockGuard guard(registry.lock);
    cache->next = registry.first;
    if (cache->next != nullptr) cache->next->previous = cache;
    registry.first = cache;
  }
  g_cache_end.Arm(cache);
  t_pool_cache = cache;
  return *cache;
}

void SumTags(TagTotals& totals) {
  Registry& registry = TheRegistry();
  SpinLockGuard guard(registry.lock);
  for (const auto& [key, usage] : registry.totals) {
    TagUsage& sum = totals[key];
    sum.allocations += usage.allocations;
    sum.frees += usage.frees;
    sum.allocated_bytes += usage.allocated_bytes;
    sum.freed_bytes += usage.freed_bytes;
  }
  for (ThreadCache* cache = registry.first; cache != nullptr; cache = cache->next)
    cache->tags().AddTo(totals);
}

void ForgetThreadCaches() {
  Registry& registry = TheRegistry();
  SpinLockGuard guard(registry.lock);
  for (ThreadCache* cache = registry.first; cache != nullptr; cache = cache->next) {
    cache->Forget();
    cache->tags().FlushTo(registry.totals);
  }
  registry.totals.clear();
}

void Pool::Retire(ThreadCache* cache) {
  for (PageKind kind : {PageKind::kData, PageKind::kExecute}) {
    for (int i = 0; i < kSizeClassCount; ++i) central_.Drain(cache->ListOf(kind, i), kind, i);
    central_.DrainPages(cache->pages(kind), kind);
  }
}

void Pool::Count(ThreadCache& cache, const TagKey& key, size_t byte_count, PoolEvent event) {
  TagCounters::Slot* slot = cache.tags().Find(key.packed());
  if (slot == nullptr) {
    Registry& registry = TheRegistry();
    SpinLockGuard guard(registry.lock);
    slot = &cache.tags().Replace(key.packed(), registry.totals);
  }
  if (event == PoolEvent::kFree) {
    TagCounters::CountFree(*slot, byte_count);
  } else {
    TagCounters::CountAllocation(*slot, byte_count);
  }
}

TagTotals Pool::Usage() {
  TagTotals totals;
  SumTags(totals);
  return totals;
}

}  // namespace ring3::ex
