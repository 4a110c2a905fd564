// SPDX-License-Identifier: MIT
#include "ex/pool_central.h"

#include "base/fault_injection.h"
#include "ex/pool_asan.h"
#include "mm/system_pages.h"
#include "os/memory.h"

namespace ring3::ex {
namespace {

bool SetAccess(void* pages, size_t page_count, os::Protection protection) {
  return os::Protect(reinterpret_cast<uintptr_t>(pages), page_count * kPageSize, protection).ok();
}

void* TakeSystemPages(size_t page_count, PageKind kind) {
  if (ShouldFail("pool pages")) return nullptr;
  void* pages = mm::AllocateSystemPages(page_count, mm::PageContents::kUninitialized);
  if (pages == nullptr || kind != PageKind::kExecute) return pages;
  if (SetAccess(pages, page_count, os::Protection::kReadWriteExecute)) return pages;
  mm::FreeSystemPages(pages, page_count);
  return nullptr;
}

void GiveSystemPages(void* pages, size_t page_count, PageKind kind) {
  Unpoison(pages, page_count * kPageSize);
  if (kind == PageKind::kExecute) {
    // Should Linux refuse, the pages stay executable: harmless.
    (void)SetAccess(pages, page_count, os::Protection::kReadWrite);
  }
  mm::FreeSystemPages(pages, page_count);
}

}  // namespace

RING3_POOL_TOUCHES_REDZONES PoolCentral::Batch PoolCentral::Cut(FreeList& list, uint32_t count) {
  Batch batch{list.head, count};
  PoolHeader* last = list.head;
  for (uint32_t i = 1; i < count; ++i) last = reinterpret_cast<PoolHeader*>(last->seal_or_next);
  list.head = reinterpret_cast<PoolHeader*>(last->seal_or_next);
  list.count -= count;
  last->seal_or_next = 0;
  return batch;
}

void PoolCentral::TakeBatch(Shelf& shelf, FreeList& list) {
  SpinLockGuard guard(shelf.lock);
  if (shelf.batches.empty()) return;
  list = {shelf.batches.back().head, shelf.batches.back().count};
  shelf.batches.pop_back();
}

void PoolCentral::PutBatch(Shelf& shelf, Batch batch) {
  SpinLockGuard guard(shelf.lock);
  shelf.batches.push_back(batch);
}

void PoolCentral::Empty(FreeList& list, uint32_t batch, Shelf& shelf) {
  while (list.count != 0) PutBatch(shelf, Cut(list, list.count < batch ? list.count : batch));
}

RING3_POOL_TOUCHES_REDZONES void PoolCentral::Refill(FreeList& list, FreeList& pages, PageKind kind,
                                                     int size_class) {
  TakeBatch(blocks_[static_cast<size_t>(kind)][size_class], list);
  if (list.head != nullptr) return;
  if (pages.head == nullptr) RefillPages(pages, kind);
  char* page = reinterpret_cast<char*>(pages.Pop());
  if (page == nullptr) return;
  const size_t size = ClassSize(size_class);
  // Last first, so that blocks are handed out upwards.
  for (size_t i = kPageSize / size; i-- > 0;) {
    PoolHeader* block = reinterpret_cast<PoolHeader*>(page + i * size);
    block->tag = 0;
    block->byte_count = 0;
    block->attributes = 0;
    block->state = kPoolStateFresh;
    list.Push(block);
  }
  map_.SetUse(page, static_cast<uint8_t>(size_class));
}

void PoolCentral::Relieve(FreeList& list, PageKind kind, int size_class) {
  PutBatch(blocks_[static_cast<size_t>(kind)][size_class], Cut(list, BatchOf(size_class)));
}

void PoolCentral::Drain(FreeList& list, PageKind kind, int size_class) {
  Empty(list, BatchOf(size_class), blocks_[static_cast<size_t>(kind)][size_class]);
}

void PoolCentral::RefillPages(FreeList& list, PageKind kind) {
  TakeBatch(pages_[static_cast<size_t>(kind)], list);
  if (list.head != nullptr) return;
  char* pages = static_cast<char*>(TakeSystemPages(kChunkPages, kind));
  if (pages == nullptr) return;
  FreeList rest;
  for (size_t i = kChunkPages; i-- > 0;) {
    FreeList& taker = i < kPageBatch ? list : rest;
    taker.Push(reinterpret_cast<PoolHeader*>(pages + i * kPageSize));
  }
  Poison(pages, kChunkPages * kPageSize);
  Empty(rest, kPageBatch, pages_[static_cast<size_t>(kind)]);
  SpinLockGuard guard(chunk_lock_);
  chunks_.push_back({pages, kind});
}

void PoolCentral::RelievePages(FreeList& list, PageKind kind) {
  PutBatch(pages_[static_cast<size_t>(kind)], Cut(list, kPageBatch));
}

void PoolCentral::DrainPages(FreeList& list, PageKind kind) {
  Empty(list, kPageBatch, pages_[static_cast<size_t>(kind)]);
}

void* PoolCentral::TakeRun(size_t page_count, PageKind kind) {
  return TakeSystemPages(page_count, kind);
}

void PoolCentral::GiveRun(void* pages, size_t page_count, PageKind kind) {
  GiveSystemPages(pages, page_count, kind);
}

void PoolCentral::ReleaseChunks() {
  std::vector<Chunk> chunks;
  {
    SpinLockGuard guard(chunk_lock_);
    chunks.swap(chunks_);
  }
  for (const Chunk& chunk : chunks) GiveSystemPages(chunk.pages, kChunkPages, chunk.kind);
}

}  // namespace ring3::ex
