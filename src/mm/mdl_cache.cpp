// SPDX-License-Identifier: MIT
#include "mm/mdl_cache.h"

#include <cstddef>
#include <cstdio>

#include "base/fault_injection.h"
#include "mm/poison.h"
#include "mm/state.h"
#include "mm/system_pages.h"
#include "os/stack_trace.h"

namespace ring3::mm {
namespace {

std::atomic<uint64_t> g_boots{0};

}  // namespace

struct MdlCache::ThreadCache {
  uint64_t boot = 0;
  Block* head = nullptr;
  uint32_t count = 0;
};

thread_local MdlCache::ThreadCache MdlCache::t_cache;

// Armed where a thread first takes blocks only.
constinit os::AtThreadEnd MdlCache::g_thread_end([](void*) { GiveBackOfThread(); });

void MdlCache::GiveBackOfThread() {
  ThreadCache& cache = t_cache;
  if (cache.head == nullptr || g_state == nullptr || g_state->mdl_cache.boot_ != cache.boot) return;
  while (cache.head != nullptr) {
    Block* block = cache.head;
    cache.head = block->next;
    g_state->mdl_cache.GiveShared(block);
  }
  cache.count = 0;
}

void MdlCache::Initialize() {
  boot_ = g_boots.fetch_add(1) + 1;
}

MdlCache::Block* MdlCache::TakeShared() {
  g_thread_end.Arm(&t_cache);
  {
    SpinLockGuard guard(lock_);
    if (free_ != nullptr) {
      Block* block = free_;
      free_ = block->next;
      return block;
    }
  }
  Block* slab = static_cast<Block*>(AllocateSystemPages(kSlabPages, PageContents::kUninitialized));
  if (slab == nullptr) return nullptr;
  for (uint64_t i = 0; i < kBlocksPerSlab; ++i) {
    slab[i].state = Block::kFree;
    slab[i].next = i + 1 < kBlocksPerSlab ? &slab[i + 1] : nullptr;
    Poison(reinterpret_cast<uintptr_t>(&slab[i].mdl), sizeof(Block) - offsetof(Block, mdl));
  }
  SpinLockGuard guard(lock_);
  slabs_.push_back(slab);
  slab[kBlocksPerSlab - 1].next = free_;
  free_ = slab[1].next == nullptr ? free_ : &slab[1];
  return slab;
}

void MdlCache::GiveShared(Block* block) {
  SpinLockGuard guard(lock_);
  block->next = free_;
  free_ = block;
}

PMDL MdlCache::Allocate(const void* caller) {
  if (ShouldFail("mdl")) return nullptr;
  ThreadCache& cache = t_cache;
  const uint64_t boot = boot_.load(std::memory_order_relaxed);
  if (cache.boot != boot) cache = {boot, nullptr, 0};
  Block* block = cache.head;
  if (block != nullptr) {
    cache.head = block->next;
    --cache.count;
  } else {
    block = TakeShared();
    if (block == nullptr) return nullptr;
  }
  block->state = Block::kAllocated;
  block->caller = caller;
  Unpoison(reinterpret_cast<uintptr_t>(&block->mdl), sizeof(Block) - offsetof(Block, mdl));
  return &block->mdl;
}

bool MdlCache::Free(PMDL mdl) {
  Block* block = reinterpret_cast<Block*>(reinterpret_cast<uintptr_t>(mdl) - offsetof(Block, mdl));
  if (block->state != Block::kAllocated) return false;
  block->state = Block::kFree;
  Poison(reinterpret_cast<uintptr_t>(&block->mdl), sizeof(Block) - offsetof(Block, mdl));
  ThreadCache& cache = t_cache;
  const uint64_t boot = boot_.load(std::memory_order_relaxed);
  if (cache.boot != boot) cache = {boot, nullptr, 0};
  if (cache.count >= kMostPerThread) {
    GiveShared(block);
    return true;
  }
  block->next = cache.head;
  cache.head = block;
  ++cache.count;
  return true;
}

void MdlCache::Shutdown(LeakReport& leaks) {
  decltype(slabs_) slabs;
  {
    SpinLockGuard guard(lock_);
    slabs.swap(slabs_);
    free_ = nullptr;
    boot_ = 0;
  }
  for (Block* slab : slabs) {
    for (uint64_t i = 0; i < kBlocksPerSlab; ++i) {
      if (slab[i].state != Block::kAllocated) continue;
      char line[64];
      std::snprintf(line, sizeof line, "MDL %p not freed, allocated by ", static_cast<void*>(&slab[i].mdl));
      leaks.Add(line + os::DescribeCaller(slab[i].caller));
    }
    FreeSystemPages(slab, kSlabPages);
  }
}

}  // namespace ring3::mm
