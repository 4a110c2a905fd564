// SPDX-License-Identifier: MIT
#include "mm/memory_test.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "ddi/ex.h"
#include "ddi/ke.h"
#include "ddi/mm_ntddk.h"
#include "mm/layout.h"
#include "mm/system_pages.h"
#include "mm/test_pages.h"
#include "mm/test_raise.h"
#include "ntstatus.h"

namespace ring3::mm {
namespace {

PHYSICAL_ADDRESS At(uint64_t address) {
  return {.QuadPart = static_cast<LONGLONG>(address)};
}

using MdlPagesTest = MemoryTest;

TEST_F(MdlPagesTest, PagesAreZeroedAndWithinTheRange) {
  for (int round = 0; round < 2; ++round) {
    PMDL mdl = MmAllocatePagesForMdl(At(8 << 20), At((16 << 20) - 1), kNone, 5 * PAGE_SIZE + 1);
    ASSERT_NE(mdl, nullptr);
    EXPECT_EQ(MmGetMdlByteCount(mdl), 5u * PAGE_SIZE + 1);
    EXPECT_NE(mdl->MdlFlags & MDL_PAGES_LOCKED, 0);
    EXPECT_EQ(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA, 0);
    for (int i = 0; i < 6; ++i) {
      EXPECT_GE(MmGetMdlPfnArray(mdl)[i], (8u << 20) / PAGE_SIZE);
      EXPECT_LT(MmGetMdlPfnArray(mdl)[i], (16u << 20) / PAGE_SIZE);
    }
    char* memory = static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
    EXPECT_TRUE(std::all_of(memory, memory + 6 * PAGE_SIZE, [](char c) { return c == 0; }));
    std::memset(memory, 0xAA, 6 * PAGE_SIZE);
    FreePages(mdl);
  }
}

TEST_F(MdlPagesTest, GivesWhatThereIs) {
  // 1 MiB to 2 MiB: 256 frames.
  PMDL mdl = MmAllocatePagesForMdlEx(At(1 << 20), At((2 << 20) - 1), kNone, 4 << 20, MmCached, 0);
  ASSERT_NE(mdl, nullptr);
  EXPECT_EQ(MmGetMdlByteCount(mdl), 1u << 20);
  EXPECT_EQ(MmAllocatePagesForMdlEx(At(1 << 20), At((2 << 20) - 1), kNone, PAGE_SIZE, MmCached, 0), nullptr);
  FreePages(mdl);
  EXPECT_EQ(MmAllocatePagesForMdlEx(At(1 << 20), At((2 << 20) - 1), kNone, 4 << 20, MmCached,
                                    MM_ALLOCATE_FULLY_REQUIRED),
            nullptr);
  // Ranges of 1 MiB, each 2 MiB above the one before.
  mdl = MmAllocatePagesForMdlEx(At(2 << 20), At((3 << 20) - 1), At(2 << 20), 3 << 20, MmCached, 0);
  ASSERT_NE(mdl, nullptr);
  EXPECT_EQ(MmGetMdlByteCount(mdl), 3u << 20);
  for (uint64_t i = 0; i < (3u << 20) / PAGE_SIZE; ++i) EXPECT_EQ(MmGetMdlPfnArray(mdl)[i] >> 8 & 1, 0u);
  // Scattered over three blocks, and mapped as one.
  char* memory = static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
  ASSERT_NE(memory, nullptr);
  std::memset(memory, 1, 3 << 20);
  FreePages(mdl);
}

TEST_F(MdlPagesTest, ContiguousChunks) {
  PMDL mdl = MmAllocatePagesForMdlEx(kNone, kEverywhere, kNone, 1 << 20, MmCached,
                                     MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
  ASSERT_NE(mdl, nullptr);
  for (int i = 0; i < 256; ++i) EXPECT_EQ(MmGetMdlPfnArray(mdl)[i], MmGetMdlPfnArray(mdl)[0] + i);
  FreePages(mdl);
  mdl = MmAllocatePagesForMdlEx(At(PAGE_SIZE), kEverywhere, At(1 << 16), 1 << 18, MmCached,
                                MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
  ASSERT_NE(mdl, nullptr);
  for (int i = 0; i < 64; i += 16) EXPECT_EQ(MmGetMdlPfnArray(mdl)[i] % 16, 0u);
  FreePages(mdl);
  // SkipBytes: a power of two that divides the total.
  EXPECT_EQ(MmAllocatePagesForMdlEx(kNone, kEverywhere, At(3 << 12), 9 << 12, MmCached,
                                    MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS),
            nullptr);
  EXPECT_EQ(
      MmAllocatePagesForMdlEx(kNone, kEverywhere, kNone, 1 << 21, MmCached, MM_ALLOCATE_FAST_LARGE_PAGES),
      nullptr);
  EXPECT_EQ(MmAllocatePagesForMdlEx(kNone, kEverywhere, kNone, PAGE_SIZE, MmCached,
                                    MM_ALLOCATE_AND_HOT_REMOVE | MM_ALLOCATE_FULLY_REQUIRED),
            nullptr);
}

TEST_F(MdlPagesTest, UpToFourGigabytesLessAPage) {
  EXPECT_EQ(MmAllocatePagesForMdlEx(kNone, kEverywhere, kNone, 4 * kGiB, MmCached, 0), nullptr);
  PMDL mdl = MmAllocatePagesForMdlEx(kNone, kEverywhere, kNone, 3 * kGiB, MmCached, 0);
  ASSERT_NE(mdl, nullptr);
  char* memory = static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
  memory[3 * kGiB - 1] = 1;
  EXPECT_EQ(memory[kGiB], 0);
  FreePages(mdl);
}

TEST_F(MdlPagesTest, ContiguousMemoryKeepsItsLimits) {
  char* low = static_cast<char*>(MmAllocateContiguousMemory(10000, At((1 << 24) - 1)));
  ASSERT_NE(low, nullptr);
  EXPECT_EQ(BYTE_OFFSET(low), 0u);
  EXPECT_LE(MmGetPhysicalAddress(low + 9999).QuadPart, (1 << 24) - 1);
  EXPECT_EQ(MmGetVirtualForPhysical(MmGetPhysicalAddress(low + 5)), low + 5);
  // A boundary of 64 KiB.
  std::vector<PVOID> blocks;
  for (int i = 0; i < 20; ++i) {
    PVOID block = MmAllocateContiguousMemorySpecifyCache(3 * PAGE_SIZE, At(1 << 20), At((1ull << 32) - 1),
                                                         At(1 << 16), MmNonCached);
    ASSERT_NE(block, nullptr);
    const uint64_t start = MmGetPhysicalAddress(block).QuadPart;
    EXPECT_EQ(start >> 16, (start + 3 * PAGE_SIZE - 1) >> 16);
    EXPECT_GE(start, 1u << 20);
    blocks.push_back(block);
  }
  EXPECT_EQ(MmAllocateContiguousMemorySpecifyCache(3 * PAGE_SIZE, kNone, kEverywhere, At(2 << 12), MmCached),
            nullptr);
  EXPECT_EQ(MmAllocateContiguousMemory(2 << 20, At((1 << 20) - 1)), nullptr);
  EXPECT_EQ(MmAllocateContiguousNodeMemory(10, kNone, kEverywhere, kNone, PAGE_READONLY, MM_ANY_NODE_OK),
            nullptr);
  PVOID node = MmAllocateContiguousNodeMemory(10, kNone, kEverywhere, kNone, PAGE_READWRITE | PAGE_NOCACHE,
                                              MM_ANY_NODE_OK);
  EXPECT_NE(node, nullptr);
  MmFreeContiguousMemorySpecifyCache(node, 10, MmNonCached);
  SIZE_T bytes = 100;
  PVOID ex = nullptr;
  EXPECT_EQ(MmAllocateContiguousMemoryEx(&bytes, kNone, kEverywhere, kNone, MM_ANY_NODE_OK, PAGE_READWRITE,
                                         nullptr, 'tseT', 0, &ex),
            STATUS_SUCCESS);
  MmFreeContiguousMemory(ex);
  for (PVOID block : blocks) MmFreeContiguousMemory(block);
  MmFreeContiguousMemory(low);
  PVOID noncached = MmAllocateNonCachedMemory(5000);
  EXPECT_NE(noncached, nullptr);
  MmFreeNonCachedMemory(noncached, 5000);
}

TEST_F(MdlPagesTest, ReportsContiguousMemoryThatIsLeft) {
  ExpectLeaks();
  ASSERT_NE(MmAllocateContiguousMemory(100, kEverywhere), nullptr);
  bool reported = false;
  for (const std::string& leak : Shutdown())
    reported |= leak.find("100 bytes of contiguous memory") != std::string::npos;
  EXPECT_TRUE(reported);
}

TEST_F(MdlPagesTest, SystemPagesFromManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 2000; ++i) {
        const size_t pages = 1 + (i * 7 + t) % 70;
        char* memory = static_cast<char*>(AllocateSystemPages(pages, PageContents::kZeroed));
        ASSERT_NE(memory, nullptr);
        ASSERT_EQ(memory[(pages - 1) * PAGE_SIZE], 0);
        memory[0] = memory[(pages - 1) * PAGE_SIZE] = 1;
        FreeSystemPages(memory, pages);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace ring3::mm
