// SPDX-License-Identifier: MIT
#include <ntstatus.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "ex/pool.h"
#include "ex/pool_asan.h"
#include "mm/layout.h"

namespace ring3::ex {
namespace {

bool EnvironmentAsksFor(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] != '\0' && std::strcmp(value, "0") != 0;
}

uint32_t ModeOf(const BootOptions& options) {
  uint32_t mode = 0;
  if (options.special_pool || EnvironmentAsksFor("RING3_SPECIAL_POOL")) mode |= kModeSpecial | kModeChecked;
  if (AsanPresent()) mode |= kModeAsan;
#if RING3_CHECKED
  mode |= kModeChecked;
#endif
  if (EnvironmentAsksFor("RING3_CHECKED_POOL")) mode |= kModeChecked;
  return mode;
}

}  // namespace

Result<Pool*> Pool::Create(const BootOptions& options) {
  Pool* pool = new Pool(ModeOf(options));
  const Status status =
      pool->map_.Initialize(mm::kSystemBase, std::min(options.ram_byte_count, mm::kMostRamBytes));
  if (!status.ok()) {
    delete pool;
    return status.status();
  }
  return pool;
}

template <typename Visit>
RING3_POOL_TOUCHES_REDZONES void Pool::ForEachLiveBlock(Visit visit) {
  central_.ForEachPage([&](char* page) RING3_POOL_TOUCHES_REDZONES {
    const uint8_t use = map_.UseOf(page);
    if (use == kPageLarge) {
      const LargeBlock& block = map_.LargeOf(page);
      visit(static_cast<void*>(page), block.tag, block.attributes, block.byte_count);
    }
    if (use >= kSizeClassCount) return;
    for (size_t offset = 0; offset + ClassSize(use) <= kPageSize; offset += ClassSize(use)) {
      PoolHeader* header = reinterpret_cast<PoolHeader*>(page + offset);
      // A cache-aligned block has its header further in; what lies at the start is left over.
      for (PoolHeader* at :
           {header, PoolHeader::Of(reinterpret_cast<void*>(
                        (reinterpret_cast<uintptr_t>(header->user()) + 63) & ~uintptr_t{63}))}) {
        if (reinterpret_cast<char*>(at) + sizeof(PoolHeader) > page + offset + ClassSize(use)) continue;
        if (at->state != kPoolStateAllocated || at->seal_or_next != SealOf(at)) continue;
        visit(at->user(), at->tag, at->attributes, size_t{at->byte_count});
        break;
      }
    }
  });
  {
    SpinLockGuard guard(runs_lock_);
    for (void* run : runs_)
      visit(run, map_.LargeOf(run).tag, map_.LargeOf(run).attributes, map_.LargeOf(run).byte_count);
  }
  special_.ForEachLive([&](void* user, const LargeBlock& block) {
    visit(user, block.tag, block.attributes, size_t{block.byte_count});
  });
}

void Pool::ReportLeaks(LeakReport& leaks) {
  constexpr size_t kMostBlocks = 4;
  struct Leak {
    uint64_t blocks = 0;
    uint64_t bytes = 0;
    std::vector<std::pair<void*, size_t>> first;
  };
  std::unordered_map<uint64_t, Leak> by_tag;
  for (const auto& [key, usage] : Usage()) {
    if (usage.live_blocks() != 0) by_tag[key] = {usage.live_blocks(), usage.live_bytes(), {}};
  }
  if (by_tag.empty()) return;
  // The walk finds addresses only; the counters are what is right.
  ForEachLiveBlock([&](void* user, uint32_t tag, uint8_t attributes, size_t byte_count) {
    const auto found = by_tag.find(TagKey{tag, static_cast<PoolKind>(attributes & kPoolKindMask)}.packed());
    if (found != by_tag.end() && found->second.first.size() < kMostBlocks)
      found->second.first.emplace_back(user, byte_count);
  });
  for (const auto& [packed, leak] : by_tag) {
    const TagKey key = TagKey::Of(packed);
    std::string line = fmt::format("pool: tag '{}', {}: {} bytes in {} blocks", TagText(key.tag),
                                   PoolKindText(key.kind), leak.bytes, leak.blocks);
    for (const auto& [user, byte_count] : leak.first) {
      line += fmt::format("\n    {} ({} bytes)", user, byte_count);
      CallStack allocated{};
      CallStack freed{};
      trace_.Find(user, &allocated, &freed);
      if (allocated[0] != nullptr) line += " allocated by\n" + CallStackText(allocated);
    }
    leaks.Add(std::move(line));
  }
}

void Pool::Destroy(LeakReport& leaks) {
  ReportLeaks(leaks);
  ForgetThreadCaches();
  std::deque<Resting> resting;
  {
    SpinLockGuard guard(quarantine_lock_);
    resting.swap(quarantine_);
  }
  for (const Resting& one : resting) {
    if (one.block == nullptr && one.page_count > 1) central_.GiveRun(one.pages, one.page_count, one.kind);
  }
  std::unordered_set<void*> runs;
  {
    SpinLockGuard guard(runs_lock_);
    runs.swap(runs_);
  }
  for (void* run : runs) {
    const LargeBlock& block = map_.LargeOf(run);
    central_.GiveRun(run, block.page_count,
                     PageKindOf(static_cast<PoolKind>(block.attributes & kPoolKindMask)));
  }
  special_.Shutdown();
  central_.ReleaseChunks();
  map_.Shutdown();
  delete this;
}

RING3_POOL_TOUCHES_REDZONES std::string Pool::Describe(const void* address) {
  const uint8_t use = map_.UseOf(address);
  std::string text;
  const void* user = nullptr;
  if (use < kSizeClassCount) {
    PoolHeader* header = BlockAround(address, use);
    const bool may_be_user = reinterpret_cast<uintptr_t>(address) % alignof(PoolHeader) == 0;
    const PoolHeader* below = may_be_user ? PoolHeader::Of(address) : header;
    if ((below->attributes & kPoolCacheAligned) != 0 && below->seal_or_next == SealOf(below)) {
      header = const_cast<PoolHeader*>(below);
    }
    user = header->user();
    // Formatting takes references, and may not touch the header.
    const size_t byte_count = header->byte_count;
    text = fmt::format("{}: {} pool block of {} bytes at {}, tag '{}', {}", address,
                       PoolKindText(header->kind()), byte_count, user, TagText(header->tag),
                       header->state == kPoolStateAllocated ? "allocated"
                       : header->state == kPoolStateFree    ? "freed"
                       : header->state == kPoolStateFresh   ? "never allocated"
                                                            : "header overwritten");
  } else if (use == kPageLarge || use == kPageLargeFreed) {
    const LargeBlock& block = map_.LargeOf(address);
    user = map_.AddressOf(map_.IndexOf(address));
    text = fmt::format("{}: large pool block of {} bytes at {}, tag '{}', {}", address, block.byte_count,
                       user, TagText(block.tag), use == kPageLarge ? "allocated" : "freed");
  } else if (use == kPageSpecial || use == kPageSpecialFreed || use == kPageSpecialGuard) {
    const auto page = reinterpret_cast<uintptr_t>(address) & ~uintptr_t{kPageSize - 1};
    // The guard page lies behind the block's last page, or in front of its first.
    for (const uintptr_t first : {page, page - kPageSize, page + kPageSize}) {
      const uint8_t there = map_.UseOf(reinterpret_cast<void*>(first));
      if (there != kPageSpecial && there != kPageSpecialFreed) continue;
      const LargeBlock& block = map_.LargeOf(reinterpret_cast<void*>(first));
      if (block.page_count == 0) continue;
      user = special_.UserOf(reinterpret_cast<void*>(first));
      text = fmt::format("{}: special pool block of {} bytes at {}, tag '{}', {}", address, block.byte_count,
                         user, TagText(block.tag), there == kPageSpecial ? "allocated" : "freed");
      break;
    }
  }
  if (user == nullptr) return text;
  CallStack allocated{};
  CallStack freed{};
  trace_.Find(user, &allocated, &freed);
  if (allocated[0] != nullptr) text += "\n  allocated by\n" + CallStackText(allocated);
  if (freed[0] != nullptr) text += "\n  freed by\n" + CallStackText(freed);
  return text;
}

RING3_POOL_TOUCHES_REDZONES size_t Pool::BlockSize(void* user, bool* quota_charged) {
  const uint8_t use = map_.UseOf(user);
  *quota_charged = false;
  if (use < kSizeClassCount && reinterpret_cast<uintptr_t>(user) % kPageSize >= sizeof(PoolHeader)) {
    const PoolHeader* header = PoolHeader::Of(user);
    if (header->state == kPoolStateAllocated && header->seal_or_next == SealOf(header)) {
      *quota_charged = (header->attributes & kPoolQuota) != 0;
      return header->byte_count;
    }
  }
  if (use == kPageLarge) return map_.LargeOf(user).byte_count;
  if (use == kPageSpecial) {
    if (LargeBlock* block = special_.Find(user)) {
      *quota_charged = block->charged != nullptr;
      return block->byte_count;
    }
  }
  NotABlock(user, use);
}

}  // namespace ring3::ex
