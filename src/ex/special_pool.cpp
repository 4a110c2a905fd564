// SPDX-License-Identifier: MIT
#include "ex/special_pool.h"

#include <bugcodes.h>

#include <cstring>

#include "base/fault_injection.h"
#include "mm/system_pages.h"
#include "os/memory.h"

namespace ring3::ex {
namespace {

bool SetAccess(char* pages, size_t page_count, os::Protection protection) {
  return os::Protect(reinterpret_cast<uintptr_t>(pages), page_count * kPageSize, protection).ok();
}

constexpr size_t RoundUp(size_t value, size_t to) {
  return (value + to - 1) / to * to;
}

// Stored in LargeBlock::reserved.
constexpr uint8_t kEdgeAtStart = 1;

}  // namespace

// Pages of a block: [data...][guard], or with the guard in front. `first` below is the first data page.
void* SpecialPool::Allocate(size_t byte_count, uint32_t tag, uint8_t attributes, Edge edge) {
  if (ShouldFail("special pool")) return nullptr;
  const size_t data_pages = byte_count == 0 ? 1 : RoundUp(byte_count, kPageSize) / kPageSize;
  char* pages = static_cast<char*>(mm::AllocateSystemPages(data_pages + 1, mm::PageContents::kUninitialized));
  if (pages == nullptr) return nullptr;
  const bool at_start = edge == Edge::kStart;
  char* guard_page = at_start ? pages : pages + data_pages * kPageSize;
  char* first = at_start ? pages + kPageSize : pages;
  if (!SetAccess(guard_page, 1, os::Protection::kNone)) {
    mm::FreeSystemPages(pages, data_pages + 1);
    return nullptr;
  }
  LargeBlock& block = map_.LargeOf(first);
  block = {};
  block.byte_count = byte_count;
  block.tag = tag;
  block.page_count = static_cast<uint32_t>(data_pages);
  block.attributes = attributes;
  block.reserved[0] = at_start ? kEdgeAtStart : 0;
  std::memset(first, kFill, data_pages * kPageSize);
  for (size_t i = 0; i < data_pages; ++i) map_.SetUse(first + i * kPageSize, kPageSpecial);
  map_.SetUse(guard_page, kPageSpecialGuard);
  SpinLockGuard guard(lock_);
  live_.insert(first);
  return UserOf(first);
}

char* SpecialPool::UserOf(void* first) const {
  const LargeBlock& block = map_.LargeOf(first);
  char* start = static_cast<char*>(first);
  // Page-aligned from PAGE_SIZE on, as any pool block; 16-byte aligned below, so up to 15 bytes may lie
  // behind it.
  if (block.reserved[0] == kEdgeAtStart || block.byte_count >= kPageSize) return start;
  return start + kPageSize - RoundUp(block.byte_count == 0 ? 1 : block.byte_count, 16);
}

char* SpecialPool::FirstPageOf(const void* user) const {
  return reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(user) & ~(kPageSize - 1));
}

LargeBlock* SpecialPool::Find(void* user) {
  char* first = FirstPageOf(user);
  SpinLockGuard guard(lock_);
  if (live_.find(first) == live_.end() || UserOf(first) != user) return nullptr;
  return &map_.LargeOf(first);
}

void SpecialPool::Free(void* user) {
  char* first = FirstPageOf(user);
  const LargeBlock block = map_.LargeOf(first);
  char* begin = static_cast<char*>(user);
  const auto check = [&](char* from, char* to, ULONG_PTR violation) {
    for (; from < to; ++from) {
      if (static_cast<uint8_t>(*from) == kFill) continue;
      KeBugCheckEx(SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, reinterpret_cast<ULONG_PTR>(user),
                   reinterpret_cast<ULONG_PTR>(from), 0, violation);
    }
  };
  check(first, begin, 0x23);
  check(begin + block.byte_count, first + block.page_count * kPageSize, 0x24);
  // A block whose pages cannot be closed is as freed as any; only its later uses go unseen.
  (void)SetAccess(first, block.page_count, os::Protection::kNone);
  for (size_t i = 0; i < block.page_count; ++i) map_.SetUse(first + i * kPageSize, kPageSpecialFreed);
  for (;;) {
    char* oldest = nullptr;
    {
      SpinLockGuard guard(lock_);
      if (first != nullptr) {
        live_.erase(first);
        resting_.push_back(first);
        resting_pages_ += block.page_count;
        first = nullptr;
      }
      if (resting_pages_ <= kRestingPages || resting_.size() <= 1) return;
      oldest = resting_.front();
      resting_.pop_front();
      resting_pages_ -= map_.LargeOf(oldest).page_count;
    }
    Release(oldest, map_.LargeOf(oldest).page_count);
  }
}

void SpecialPool::Release(char* first, size_t page_count) {
  char* pages = map_.LargeOf(first).reserved[0] == kEdgeAtStart ? first - kPageSize : first;
  for (size_t i = 0; i <= page_count; ++i) map_.SetUse(pages + i * kPageSize, kPageNotPool);
  // Pages that stay closed cannot be given back: they would fault in their next owner's hands.
  if (SetAccess(pages, page_count + 1, os::Protection::kReadWrite))
    mm::FreeSystemPages(pages, page_count + 1);
}

std::optional<ke::BugCheck> SpecialPool::Explain(uintptr_t address, bool is_write,
                                                 uintptr_t instruction) const {
  switch (map_.UseOf(reinterpret_cast<void*>(address))) {
    case kPageSpecialGuard:
      return ke::BugCheck{
          DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION, {address, is_write, instruction, 0}, nullptr};
    case kPageSpecialFreed:
      return ke::BugCheck{PAGE_FAULT_IN_FREED_SPECIAL_POOL, {address, is_write, instruction, 0}, nullptr};
    default:
      return std::nullopt;
  }
}

void SpecialPool::Shutdown() {
  std::deque<char*> resting;
  std::unordered_set<void*> live;
  {
    SpinLockGuard guard(lock_);
    resting.swap(resting_);
    live.swap(live_);
    resting_pages_ = 0;
  }
  for (char* first : resting) Release(first, map_.LargeOf(first).page_count);
  for (void* first : live) Release(static_cast<char*>(first), map_.LargeOf(first).page_count);
}

}  // namespace ring3::ex
