// SPDX-License-Identifier: MIT
#include <ddi/ex_ntifs.h>
#include <ntstatus.h>

#include <atomic>
#include <cstring>
#include <set>
#include <utility>

#include "ex/ex_test.h"
#include "ex/pool_asan.h"

namespace ring3::ex {
namespace {

constexpr ULONG kTag = 'tseT';

class PoolTest : public ExTest {
 protected:
  TagUsage UsageOf(ULONG tag, PoolKind kind) { return g_pool->Usage()[TagKey{tag, kind}.packed()]; }
};

uintptr_t At(const void* p) {
  return reinterpret_cast<uintptr_t>(p);
}

TEST_F(PoolTest, SmallBlocksAreAlignedAndStayWithinAPage) {
  std::vector<void*> blocks;
  for (size_t size = 0; size <= kPageSize; size += 7) {
    void* p = ExAllocatePoolWithTag(NonPagedPoolNx, size, kTag);
    ASSERT_NE(p, nullptr) << size;
    EXPECT_EQ(At(p) % 16, 0u);
    if (size != 0) EXPECT_EQ(At(p) / kPageSize, (At(p) + size - 1) / kPageSize) << size;
    std::memset(p, 0x5a, size);
    blocks.push_back(p);
  }
  EXPECT_EQ(std::set<void*>(blocks.begin(), blocks.end()).size(), blocks.size());
  for (void* p : blocks) ExFreePoolWithTag(p, kTag);
}

TEST_F(PoolTest, BlocksOfAPageOrMoreArePageAligned) {
  for (const size_t size : {kPageSize, kPageSize + 1, 3 * kPageSize, size_t{5} << 20}) {
    auto* p = static_cast<char*>(ExAllocatePoolWithTag(PagedPool, size, kTag));
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(At(p) % kPageSize, 0u);
    p[0] = p[size - 1] = 1;
    ExFreePool(p);
  }
}

TEST_F(PoolTest, CacheAlignedBlocksAreCacheAligned) {
  for (size_t size = 1; size < 2 * kPageSize; size += 61) {
    void* p = ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_CACHE_ALIGNED, size, kTag);
    void* q = ExAllocatePoolWithTag(NonPagedPoolNxCacheAligned, size, kTag);
    EXPECT_EQ(At(p) % 64, 0u);
    EXPECT_EQ(At(q) % 64, 0u);
    ExFreePoolWithTag(p, kTag);
    ExFreePoolWithTag(q, kTag);
  }
}

TEST_F(PoolTest, Pool2IsZeroedAndWithTagKeepsWhatWasThere) {
  for (const size_t size : {size_t{64}, kPageSize, 4 * kPageSize}) {
    auto* p = static_cast<unsigned char*>(
        ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_UNINITIALIZED, size, kTag));
    std::memset(p, 0xff, size);
    ExFreePool(p);
    for (void* q :
         {ExAllocatePool2(POOL_FLAG_NON_PAGED, size, kTag), ExAllocatePoolZero(NonPagedPoolNx, size, kTag),
          ExAllocatePoolQuotaZero(PagedPool, size, kTag)}) {
      ASSERT_NE(q, nullptr);
      for (size_t i = 0; i < size; ++i) ASSERT_EQ(static_cast<unsigned char*>(q)[i], 0) << i;
      std::memset(q, 0xff, size);
      ExFreePool(q);
    }
  }
}

TEST_F(PoolTest, Pool2RefusesWhatItsPageSays) {
  EXPECT_EQ(ExAllocatePool2(POOL_FLAG_NON_PAGED, 16, 0), nullptr);
  EXPECT_EQ(ExAllocatePool2(POOL_FLAG_NON_PAGED, 0, kTag), nullptr);
  EXPECT_EQ(ExAllocatePool2(0, 16, kTag), nullptr);
  EXPECT_EQ(ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_PAGED, 16, kTag), nullptr);
  EXPECT_EQ(ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_RESERVED2, 16, kTag), nullptr);
  EXPECT_EQ(ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_REQUIRED_END, 16, kTag), nullptr);
  EXPECT_EQ(ExAllocatePool2(POOL_FLAG_NON_PAGED, ~size_t{0}, kTag), nullptr);
  EXPECT_EQ(ExAllocatePool2(POOL_FLAG_NON_PAGED, size_t{1} << 39, kTag), nullptr);
  // Unknown optional flags are ignored.
  void* p = ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_OPTIONAL_END, 16, kTag);
  ASSERT_NE(p, nullptr);
  ExFreePool2(p, kTag, nullptr, 0);
}

TEST_F(PoolTest, Pool3HonoursItsParameters) {
  POOL_EXTENDED_PARAMETER priority = {};
  priority.Type = PoolExtendedParameterPriority;
  priority.Priority = HighPoolPriority;
  void* p = ExAllocatePool3(POOL_FLAG_PAGED, 100, kTag, &priority, 1);
  ASSERT_NE(p, nullptr);
  ExFreePool(p);

  POOL_EXTENDED_PARAMETER unknown = {};
  unknown.Type = PoolExtendedParameterMax + 3;
  EXPECT_EQ(ExAllocatePool3(POOL_FLAG_PAGED, 100, kTag, &unknown, 1), nullptr);
  unknown.Optional = 1;
  p = ExAllocatePool3(POOL_FLAG_PAGED, 100, kTag, &unknown, 1);
  EXPECT_NE(p, nullptr);
  ExFreePool(p);

  POOL_EXTENDED_PARAMETER node = {};
  node.Type = PoolExtendedParameterNumaNode;
  node.PreferredNode = 7;
  EXPECT_EQ(ExAllocatePool3(POOL_FLAG_NON_PAGED, 100, kTag, &node, 1), nullptr);
  EXPECT_EQ(ExAllocatePool3(POOL_FLAG_PAGED, 100, kTag, &node, 1), nullptr);
  node.PreferredNode = 7 | MM_ANY_NODE_OK;
  p = ExAllocatePool3(POOL_FLAG_NON_PAGED, 100, kTag, &node, 1);
  EXPECT_NE(p, nullptr);
  ExFreePool(p);
}

TEST_F(PoolTest, TagsAreAccountedForByPool) {
  void* nonpaged = ExAllocatePoolWithTag(NonPagedPoolNx, 100, 'aaaa');
  void* paged = ExAllocatePoolWithTag(PagedPool, 5000, 'aaaa');
  void* untagged = ExAllocatePool(NonPagedPool, 10);
  EXPECT_EQ(UsageOf('aaaa', PoolKind::kNonPagedNx).live_bytes(), 100u);
  EXPECT_EQ(UsageOf('aaaa', PoolKind::kPaged).live_bytes(), 5000u);
  EXPECT_EQ(UsageOf('enoN', PoolKind::kNonPagedExecute).live_blocks(), 1u);
  ExFreePool(nonpaged);
  ExFreePoolWithTag(paged, 'aaaa');
  ExFreePool(untagged);
  EXPECT_EQ(UsageOf('aaaa', PoolKind::kNonPagedNx).allocations, 1u);
  EXPECT_EQ(UsageOf('aaaa', PoolKind::kNonPagedNx).frees, 1u);
  EXPECT_EQ(UsageOf('aaaa', PoolKind::kPaged).live_bytes(), 0u);
}

TEST_F(PoolTest, MoreTagsThanAThreadHasCountersForAreAllCounted) {
  std::vector<void*> blocks;
  for (ULONG i = 0; i < 1000; ++i) blocks.push_back(ExAllocatePoolWithTag(NonPagedPoolNx, 32, 'a000' + i));
  for (ULONG i = 0; i < 1000; ++i) EXPECT_EQ(UsageOf('a000' + i, PoolKind::kNonPagedNx).live_bytes(), 32u);
  for (ULONG i = 0; i < 1000; ++i) ExFreePoolWithTag(blocks[i], 'a000' + i);
  for (ULONG i = 0; i < 1000; ++i) EXPECT_EQ(UsageOf('a000' + i, PoolKind::kNonPagedNx).live_blocks(), 0u);
}

// The calling thread in a process of its own for a while.
class ProcessScope {
 public:
  ProcessScope() : saved_(std::exchange(ke::CurrentThread()->process, &process_)) {}
  ~ProcessScope() { ke::CurrentThread()->process = saved_; }
  PKPROCESS process() { return &process_; }

 private:
  _KPROCESS process_{};
  PKPROCESS saved_;
};

TEST_F(PoolTest, QuotaIsChargedBelowAPageAndReturned) {
  ProcessScope scope;
  PKPROCESS process = scope.process();
  const size_t before = g_pool->quota().Charged(process, PoolKind::kPaged);
  void* p = ExAllocatePoolWithQuotaTag(PagedPool, 1000, kTag);
  void* q = ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_USE_QUOTA, kPageSize, kTag);
  EXPECT_EQ(g_pool->quota().Charged(process, PoolKind::kPaged), before + 1000);
  BOOLEAN charged = FALSE;
  EXPECT_EQ(ExQueryPoolBlockSize(p, &charged), 1000u);
  EXPECT_TRUE(charged);
  EXPECT_EQ(ExQueryPoolBlockSize(q, &charged), kPageSize);
  EXPECT_FALSE(charged);
  ExFreePool(p);
  ExFreePool(q);
  EXPECT_EQ(g_pool->quota().Charged(process, PoolKind::kPaged), before);
}

TEST_F(PoolTest, AnExceededQuotaFailsInsteadOfRaisingWhereAsked) {
  ProcessScope scope;
  g_pool->quota().SetLimit(scope.process(), 100);
  const auto type = static_cast<POOL_TYPE>(PagedPool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE);
  EXPECT_EQ(ExAllocatePoolWithQuotaTag(type, 101, kTag), nullptr);
  EXPECT_EQ(ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_USE_QUOTA, 101, kTag), nullptr);
  void* p = ExAllocatePoolWithQuotaTag(type, 100, kTag);
  EXPECT_NE(p, nullptr);
  ExFreePool(p);
}

TEST_F(PoolTest, NoMemoryIsNull) {
  g_fault_hook = [](const char*) { return true; };
  EXPECT_EQ(ExAllocatePoolWithTag(NonPagedPoolNx, 16, kTag), nullptr);
  EXPECT_EQ(ExAllocatePool2(POOL_FLAG_PAGED, 1 << 20, kTag), nullptr);
  g_fault_hook = nullptr;
}

TEST_F(PoolTest, ThreadsExchangeBlocks) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 20000;
  static std::atomic<void*> slots[64];
  InThreads(kThreads, [](int thread) {
    unsigned random = static_cast<unsigned>(thread) * 7919 + 1;
    for (int i = 0; i < kRounds; ++i) {
      random = random * 1664525 + 1013904223;
      const size_t size = random >> 8 & 0x3ff;
      auto* p = static_cast<unsigned char*>(ExAllocatePoolWithTag(NonPagedPoolNx, size + 1, kTag));
      ASSERT_NE(p, nullptr);
      p[0] = p[size] = static_cast<unsigned char>(thread);
      if (void* other = slots[random % 64].exchange(p)) ExFreePoolWithTag(other, kTag);
    }
  });
  for (auto& slot : slots) {
    if (void* p = slot.exchange(nullptr)) ExFreePoolWithTag(p, kTag);
  }
  EXPECT_EQ(UsageOf(kTag, PoolKind::kNonPagedNx).live_bytes(), 0u);
  EXPECT_EQ(UsageOf(kTag, PoolKind::kNonPagedNx).allocations, uint64_t{kThreads} * kRounds);
}

TEST_F(PoolTest, LeaksAreReportedByTagAndGone) {
  (void)ExAllocatePoolWithTag(NonPagedPoolNx, 40, 'kaeL');
  (void)ExAllocatePool2(POOL_FLAG_PAGED, 3 * kPageSize, 'kaeL');
  (void)ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_CACHE_ALIGNED, 40, 'kaeM');
  const std::vector<std::string> leaks = Shutdown();
  ASSERT_EQ(leaks.size(), 3u);
  std::string all;
  for (const std::string& leak : leaks) all += leak + "\n";
  EXPECT_NE(all.find("tag 'Leak', nonpaged: 40 bytes in 1 blocks"), std::string::npos) << all;
  EXPECT_NE(all.find("tag 'Leak', paged: 12288 bytes in 1 blocks"), std::string::npos) << all;
  Boot();
  EXPECT_EQ(UsageOf('kaeL', PoolKind::kPaged).live_bytes(), 0u);
  ExFreePool(ExAllocatePoolWithTag(NonPagedPoolNx, 40, kTag));
}

class SpecialPoolTest : public ExTest {
 protected:
  BootOptions Options() override {
    BootOptions options;
    options.special_pool = true;
    return options;
  }
};

TEST_F(SpecialPoolTest, BlocksEndAtAPageAndWork) {
  for (size_t size = 1; size <= 3 * kPageSize; size += 97) {
    auto* p = static_cast<char*>(ExAllocatePool2(POOL_FLAG_NON_PAGED, size, kTag));
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(At(p) % 16, 0u);
    if (size < kPageSize) EXPECT_LT(kPageSize - (At(p) + size - 1) % kPageSize, 17u);
    if (size >= kPageSize) EXPECT_EQ(At(p) % kPageSize, 0u);
    std::memset(p, 1, size);
    ExFreePoolWithTag(p, kTag);
  }
}

TEST_F(SpecialPoolTest, UnderrunBlocksStartAtAPage) {
  void* p = ExAllocatePoolWithTagPriority(PagedPool, 10, kTag, NormalPoolPrioritySpecialPoolUnderrun);
  EXPECT_EQ(At(p) % kPageSize, 0u);
  ExFreePool(p);
}

}  // namespace
}  // namespace ring3::ex
