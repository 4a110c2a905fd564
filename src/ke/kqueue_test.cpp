// SPDX-License-Identifier: MIT
#include <vector>

#include "ke/kernel_test.h"

namespace ring3::ke {
namespace {

using KQueueTest = KernelTest;

PLIST_ENTRY AsEntry(NTSTATUS status) {
  return reinterpret_cast<PLIST_ENTRY>(static_cast<ULONG_PTR>(status));
}

TEST_F(KQueueTest, FirstInFirstOut) {
  KQUEUE queue;
  LIST_ENTRY entries[3];
  KeInitializeQueue(&queue, 0);
  EXPECT_EQ(KeInsertQueue(&queue, &entries[0]), 0);
  EXPECT_EQ(KeInsertQueue(&queue, &entries[1]), 1);
  EXPECT_EQ(KeInsertHeadQueue(&queue, &entries[2]), 2);
  EXPECT_EQ(KeReadStateQueue(&queue), 3);
  EXPECT_EQ(KeRemoveQueue(&queue, KernelMode, nullptr), &entries[2]);
  EXPECT_EQ(KeRemoveQueue(&queue, KernelMode, nullptr), &entries[0]);
  EXPECT_EQ(KeRemoveQueue(&queue, KernelMode, nullptr), &entries[1]);
  LARGE_INTEGER zero{};
  EXPECT_EQ(KeRemoveQueue(&queue, KernelMode, &zero), AsEntry(STATUS_TIMEOUT));
}

TEST_F(KQueueTest, RundownReturnsTheEntriesAndEndsTheWaits) {
  KQUEUE queue;
  LIST_ENTRY entry;
  KeInitializeQueue(&queue, 0);
  EXPECT_EQ(KeRundownQueue(&queue), nullptr);
  EXPECT_EQ(KeRemoveQueue(&queue, KernelMode, nullptr), AsEntry(STATUS_ABANDONED));
  KeInitializeQueue(&queue, 0);
  TestThread waiter(
      [&] { EXPECT_EQ(KeRemoveQueue(&queue, KernelMode, nullptr), AsEntry(STATUS_ABANDONED)); });
  waiter.AwaitWaiting();
  EXPECT_EQ(KeRundownQueue(&queue), nullptr);
  waiter.Join();
  KeInitializeQueue(&queue, 0);
  KeInsertQueue(&queue, &entry);
  EXPECT_EQ(KeRundownQueue(&queue), &entry);
  EXPECT_EQ(entry.Flink, &entry);
}

// Where the rundown comes between a thread's look at the queue and its wait, nobody is there to wake it.
TEST_F(KQueueTest, NobodyWaitsAfterTheRundown) {
  KQUEUE queue;
  KeInitializeQueue(&queue, 0);
  EXPECT_EQ(KeRundownQueue(&queue), nullptr);
  LARGE_INTEGER now = {};
  EXPECT_EQ(KeWaitForSingleObject(&queue, WrQueue, KernelMode, FALSE, &now), STATUS_ABANDONED);
  EXPECT_EQ(KeRemoveQueue(&queue, KernelMode, &now), AsEntry(STATUS_ABANDONED));
}

TEST_F(KQueueTest, EveryEntryIsTakenOnce) {
  constexpr int kEntries = 2000;
  KQUEUE queue;
  std::vector<LIST_ENTRY> entries(kEntries);
  KeInitializeQueue(&queue, 0);
  std::atomic<int> taken{0};
  auto body = [&] {
    while (KeRemoveQueue(&queue, KernelMode, nullptr) != AsEntry(STATUS_ABANDONED)) ++taken;
  };
  TestThread a(body);
  TestThread b(body);
  for (LIST_ENTRY& entry : entries) KeInsertQueue(&queue, &entry);
  while (taken != kEntries) os::YieldThread();
  EXPECT_EQ(KeRundownQueue(&queue), nullptr);
}

}  // namespace
}  // namespace ring3::ke
