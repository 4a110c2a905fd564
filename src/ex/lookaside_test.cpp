// SPDX-License-Identifier: MIT
#include <ddi/ex_ntifs.h>
#include <ntstatus.h>

#include <atomic>
#include <cstring>

#include "ex/ex_test.h"
#include "ex/pool_asan.h"

namespace ring3::ex {
namespace {

constexpr ULONG kTag = 'kooL';

class LookasideTest : public ExTest {
 protected:
  uint64_t LiveBlocks(PoolKind kind = PoolKind::kNonPagedNx) {
    return g_pool->Usage()[TagKey{kTag, kind}.packed()].live_blocks();
  }
};

std::atomic<int> g_allocated;
std::atomic<int> g_freed;
PVOID CountingAllocate(POOL_TYPE type, SIZE_T size, ULONG tag) {
  ++g_allocated;
  return ExAllocatePoolWithTag(type, size, tag);
}
VOID CountingFree(PVOID entry) {
  ++g_freed;
  ExFreePool(entry);
}

TEST_F(LookasideTest, TheLastEntryFreedIsTheNextOneAllocated) {
  if (AsanPresent()) GTEST_SKIP() << "nothing is kept under AddressSanitizer";
  NPAGED_LOOKASIDE_LIST list;
  ExInitializeNPagedLookasideList(&list, nullptr, nullptr, POOL_NX_ALLOCATION, 40, kTag, 0);
  void* a = ExAllocateFromNPagedLookasideList(&list);
  void* b = ExAllocateFromNPagedLookasideList(&list);
  std::memset(a, 1, 40);
  std::memset(b, 2, 40);
  EXPECT_NE(a, b);
  ExFreeToNPagedLookasideList(&list, b);
  ExFreeToNPagedLookasideList(&list, a);
  EXPECT_EQ(ExAllocateFromNPagedLookasideList(&list), a);
  EXPECT_EQ(ExAllocateFromNPagedLookasideList(&list), b);
  ExFreeToNPagedLookasideList(&list, b);
  ExFreeToNPagedLookasideList(&list, a);
  ExDeleteNPagedLookasideList(&list);
  EXPECT_EQ(list.L.TotalAllocates, 4u);
  EXPECT_EQ(list.L.TotalFrees, 4u);
  EXPECT_EQ(LiveBlocks(), 0u);
}

TEST_F(LookasideTest, CustomRoutinesAreCalledWhenTheListIsEmptyOrFullAndAtTheEnd) {
  g_allocated = g_freed = 0;
  PAGED_LOOKASIDE_LIST list;
  ExInitializePagedLookasideList(&list, CountingAllocate, CountingFree, 0, 100, kTag, 0);
  std::vector<void*> entries;
  for (int i = 0; i < 1000; ++i) entries.push_back(ExAllocateFromPagedLookasideList(&list));
  EXPECT_EQ(g_allocated, 1000);
  for (void* entry : entries) ExFreeToPagedLookasideList(&list, entry);
  EXPECT_GT(g_freed, 0);
  ExDeletePagedLookasideList(&list);
  EXPECT_EQ(g_freed, g_allocated);
}

struct OwnList {
  LOOKASIDE_LIST_EX list;  // first: the routines get its address
  int allocated = 0;
  int freed = 0;
  POOL_TYPE last_type = MaxPoolType;
};
PVOID AllocateOwn(POOL_TYPE type, SIZE_T size, ULONG tag, PLOOKASIDE_LIST_EX lookaside) {
  OwnList* own = CONTAINING_RECORD(lookaside, OwnList, list);
  ++own->allocated;
  own->last_type = type;
  return ExAllocatePoolWithTag(type, size, tag);
}
VOID FreeOwn(PVOID entry, PLOOKASIDE_LIST_EX lookaside) {
  ++CONTAINING_RECORD(lookaside, OwnList, list)->freed;
  ExFreePool(entry);
}

TEST_F(LookasideTest, ExRoutinesGetTheList) {
  alignas(16) OwnList own;
  ASSERT_EQ(ExInitializeLookasideListEx(&own.list, AllocateOwn, FreeOwn, NonPagedPoolNx,
                                        EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, 64, kTag, 0),
            STATUS_SUCCESS);
  void* a = ExAllocateFromLookasideListEx(&own.list);
  EXPECT_EQ(own.last_type, NonPagedPoolNx | POOL_RAISE_IF_ALLOCATION_FAILURE);
  ExFreeToLookasideListEx(&own.list, a);
  ExFlushLookasideListEx(&own.list);
  EXPECT_EQ(own.freed, own.allocated);
  a = ExAllocateFromLookasideListEx(&own.list);
  ExFreeToLookasideListEx(&own.list, a);
  ExDeleteLookasideListEx(&own.list);
  EXPECT_EQ(own.allocated, 2);
  EXPECT_EQ(own.freed, 2);
}

TEST_F(LookasideTest, ExRefusesWhatItsPageSays) {
  LOOKASIDE_LIST_EX list;
  EXPECT_EQ(ExInitializeLookasideListEx(&list, nullptr, nullptr, NonPagedPoolMustSucceed, 0, 64, kTag, 0),
            STATUS_INVALID_PARAMETER_4);
  EXPECT_EQ(ExInitializeLookasideListEx(&list, nullptr, nullptr, PagedPool, 3, 64, kTag, 0),
            STATUS_INVALID_PARAMETER_5);
  EXPECT_EQ(ExInitializeLookasideListEx(&list, nullptr, nullptr, PagedPool, 4, 64, kTag, 0),
            STATUS_INVALID_PARAMETER_5);
}

TEST_F(LookasideTest, DepthGrowsAndShrinksWithUse) {
  if (AsanPresent()) GTEST_SKIP() << "nothing is kept under AddressSanitizer";
  NPAGED_LOOKASIDE_LIST list;
  ExInitializeNPagedLookasideList(&list, nullptr, nullptr, POOL_NX_ALLOCATION, 64, kTag, 0);
  const USHORT initial = list.L.Depth;
  std::vector<void*> entries;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 100; ++i) entries.push_back(ExAllocateFromNPagedLookasideList(&list));
    for (void* entry : entries) ExFreeToNPagedLookasideList(&list, entry);
    entries.clear();
  }
  const USHORT grown = list.L.Depth;
  EXPECT_GE(grown, 64);
  EXPECT_LE(grown, list.L.MaximumDepth);
  ExAdjustLookasideDepth();
  for (int i = 0; i < 100; ++i) ExAdjustLookasideDepth();
  EXPECT_EQ(list.L.Depth, initial);
  ExDeleteNPagedLookasideList(&list);
  EXPECT_EQ(LiveBlocks(), 0u);
}

TEST_F(LookasideTest, EveryThreadsEntriesComeBackWhenTheListIsDeleted) {
  NPAGED_LOOKASIDE_LIST list;
  for (int round = 0; round < 3; ++round) {
    ExInitializeNPagedLookasideList(&list, nullptr, nullptr, POOL_NX_ALLOCATION, 64, kTag, 0);
    static std::atomic<void*> slots[16];
    std::atomic<int> done{0};
    std::atomic<bool> deleted{false};
    InThreads(4, [&](int thread) {
      for (int i = 0; i < 5000; ++i) {
        void* entry = ExAllocateFromNPagedLookasideList(&list);
        ASSERT_NE(entry, nullptr);
        std::memset(entry, thread, 64);
        if (void* other = slots[(i * 7 + thread) % 16].exchange(entry))
          ExFreeToNPagedLookasideList(&list, other);
      }
      if (++done == 4) {
        for (auto& slot : slots) {
          if (void* entry = slot.exchange(nullptr)) ExFreeToNPagedLookasideList(&list, entry);
        }
        // The others still live, with their entries.
        ExDeleteNPagedLookasideList(&list);
        deleted = true;
      }
      while (!deleted) std::this_thread::yield();
    });
    EXPECT_EQ(LiveBlocks(), 0u);
  }
}

TEST_F(LookasideTest, EntriesOfThreadsThatEndedStayInTheList) {
  g_allocated = g_freed = 0;
  NPAGED_LOOKASIDE_LIST list;
  ExInitializeNPagedLookasideList(&list, CountingAllocate, CountingFree, POOL_NX_ALLOCATION, 64, kTag, 0);
  InThreads(1, [&](int) { ExFreeToNPagedLookasideList(&list, ExAllocateFromNPagedLookasideList(&list)); });
  void* entry = ExAllocateFromNPagedLookasideList(&list);
  if (!AsanPresent()) EXPECT_EQ(g_allocated, 1);
  ExFreeToNPagedLookasideList(&list, entry);
  ExDeleteNPagedLookasideList(&list);
  EXPECT_EQ(g_freed, g_allocated);
}

TEST_F(LookasideTest, MoreListsThanHaveMagazinesWorkToo) {
  std::vector<std::unique_ptr<NPAGED_LOOKASIDE_LIST>> lists;
  for (int i = 0; i < 1200; ++i) {
    lists.push_back(std::make_unique<NPAGED_LOOKASIDE_LIST>());
    ExInitializeNPagedLookasideList(lists.back().get(), nullptr, nullptr, POOL_NX_ALLOCATION, 64 + i % 3,
                                    kTag, 0);
  }
  for (auto& list : lists) {
    void* a = ExAllocateFromNPagedLookasideList(list.get());
    void* b = ExAllocateFromNPagedLookasideList(list.get());
    EXPECT_NE(a, b);
    ExFreeToNPagedLookasideList(list.get(), a);
    ExFreeToNPagedLookasideList(list.get(), b);
  }
  for (auto& list : lists) ExDeleteNPagedLookasideList(list.get());
  EXPECT_EQ(LiveBlocks(), 0u);
}

TEST_F(LookasideTest, ListsThatWereNotDeletedAreReported) {
  NPAGED_LOOKASIDE_LIST list;
  ExInitializeNPagedLookasideList(&list, nullptr, nullptr, POOL_NX_ALLOCATION, 64, kTag, 0);
  ExFreeToNPagedLookasideList(&list, ExAllocateFromNPagedLookasideList(&list));
  const std::vector<std::string> leaks = Shutdown();
  if (AsanPresent()) {
    EXPECT_TRUE(leaks.empty());
  } else {
    EXPECT_EQ(leaks.size(), 2u);  // the list, and its entry
  }
}

struct Node {
  SLIST_ENTRY link;
  std::atomic<bool> in_list{false};
};

TEST_F(LookasideTest, SequencedListsAreLastInFirstOut) {
  SLIST_HEADER head;
  InitializeSListHead(&head);
  static Node nodes[3];
  EXPECT_EQ(ExInterlockedPopEntrySList(&head, nullptr), nullptr);
  EXPECT_EQ(ExInterlockedPushEntrySList(&head, &nodes[0].link, nullptr), nullptr);
  EXPECT_EQ(ExInterlockedPushEntrySList(&head, &nodes[1].link, nullptr), &nodes[0].link);
  EXPECT_EQ(ExQueryDepthSList(&head), 2);
  EXPECT_EQ(FirstEntrySList(&head), &nodes[1].link);
  EXPECT_EQ(ExInterlockedPopEntrySList(&head, nullptr), &nodes[1].link);
  ExInterlockedPushEntrySList(&head, &nodes[2].link, nullptr);
  PSLIST_ENTRY all = ExInterlockedFlushSList(&head);
  EXPECT_EQ(all, &nodes[2].link);
  EXPECT_EQ(all->Next, &nodes[0].link);
  EXPECT_EQ(ExQueryDepthSList(&head), 0);
}

TEST_F(LookasideTest, SequencedListsLoseAndRepeatNothing) {
  static SLIST_HEADER head;
  static Node nodes[8];
  InitializeSListHead(&head);
  for (Node& node : nodes) {
    node.in_list = true;
    ExInterlockedPushEntrySList(&head, &node.link, nullptr);
  }
  InThreads(4, [](int) {
    for (int i = 0; i < 50000; ++i) {
      PSLIST_ENTRY entry = ExInterlockedPopEntrySList(&head, nullptr);
      if (entry == nullptr) continue;
      Node* node = CONTAINING_RECORD(entry, Node, link);
      ASSERT_TRUE(node->in_list.exchange(false));
      node->in_list = true;
      ExInterlockedPushEntrySList(&head, entry, nullptr);
    }
  });
  EXPECT_EQ(ExQueryDepthSList(&head), 8);
}

TEST_F(LookasideTest, InterlockedListsAndSums) {
  KSPIN_LOCK lock;
  KeInitializeSpinLock(&lock);
  LIST_ENTRY head;
  head.Flink = head.Blink = &head;
  LIST_ENTRY a;
  LIST_ENTRY b;
  EXPECT_EQ(ExInterlockedRemoveHeadList(&head, &lock), nullptr);
  EXPECT_EQ(ExInterlockedInsertTailList(&head, &a, &lock), nullptr);
  EXPECT_EQ(ExInterlockedInsertTailList(&head, &b, &lock), &a);
  EXPECT_EQ(ExInterlockedRemoveHeadList(&head, &lock), &a);
  EXPECT_EQ(ExInterlockedInsertHeadList(&head, &a, &lock), &b);
  EXPECT_EQ(ExInterlockedRemoveHeadList(&head, &lock), &a);

  SINGLE_LIST_ENTRY stack = {nullptr};
  SINGLE_LIST_ENTRY one;
  EXPECT_EQ(ExInterlockedPushEntryList(&stack, &one, &lock), nullptr);
  EXPECT_EQ(ExInterlockedPopEntryList(&stack, &lock), &one);
  EXPECT_EQ(ExInterlockedPopEntryList(&stack, &lock), nullptr);

  static ULONG sum;
  static LARGE_INTEGER large;
  static LARGE_INTEGER statistic;
  sum = 0;
  large.QuadPart = statistic.QuadPart = 0;
  InThreads(4, [&](int) {
    LARGE_INTEGER step;
    step.QuadPart = 3;
    for (int i = 0; i < 5000; ++i) {
      ExInterlockedAddUlong(&sum, 2, &lock);
      ExInterlockedAddLargeInteger(&large, step, &lock);
      ExInterlockedAddLargeStatistic(&statistic, 5);
    }
  });
  EXPECT_EQ(sum, 40000u);
  EXPECT_EQ(large.QuadPart, 60000);
  EXPECT_EQ(statistic.QuadPart, 100000);
}

}  // namespace
}  // namespace ring3::ex
