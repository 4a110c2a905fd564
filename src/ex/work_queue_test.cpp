// SPDX-License-Identifier: MIT
#include <ddi/ex_ntddk.h>
#include <ntstatus.h>

#include <atomic>
#include <cstring>

#include "ex/ex_test.h"
#include "ex/work_queue.h"

namespace ring3::ex {
namespace {

class WorkQueueTest : public ExTest {};
using WorkQueueDeathTest = WorkQueueTest;

std::atomic<int> g_run;

VOID FreeItself(PVOID parameter) {
  EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
  ++g_run;
  ExFreePool(parameter);
}

PWORK_QUEUE_ITEM NewItem(PWORKER_THREAD_ROUTINE routine) {
  auto* item =
      static_cast<PWORK_QUEUE_ITEM>(ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(WORK_QUEUE_ITEM), 'kroW'));
  ExInitializeWorkItem(item, routine, item);
  return item;
}

TEST_F(WorkQueueTest, ItemsAreRunOnceAndMayFreeThemselves) {
  g_run = 0;
  InThreads(4, [](int thread) {
    constexpr WORK_QUEUE_TYPE kTypes[] = {CriticalWorkQueue, DelayedWorkQueue, HyperCriticalWorkQueue,
                                          NormalWorkQueue};
    for (int i = 0; i < 500; ++i) ExQueueWorkItem(NewItem(FreeItself), kTypes[(i + thread) % 4]);
  });
  StopWorkers();
  EXPECT_EQ(g_run, 2000);
}

KEVENT g_event;
VOID SignalEvent(PVOID) {
  KeSetEvent(&g_event, 0, FALSE);
}
VOID WaitForOther(PVOID) {
  KeWaitForSingleObject(&g_event, ::Executive, KernelMode, FALSE, nullptr);
}

TEST_F(WorkQueueTest, AnItemMayWaitForALaterOne) {
  KeInitializeEvent(&g_event, NotificationEvent, FALSE);
  static WORK_QUEUE_ITEM waiting[8];
  static WORK_QUEUE_ITEM signalling;
  for (WORK_QUEUE_ITEM& item : waiting) {
    ExInitializeWorkItem(&item, WaitForOther, nullptr);
    ExQueueWorkItem(&item, DelayedWorkQueue);
  }
  ExInitializeWorkItem(&signalling, SignalEvent, nullptr);
  ExQueueWorkItem(&signalling, DelayedWorkQueue);
  KeWaitForSingleObject(&g_event, ::Executive, KernelMode, FALSE, nullptr);
}

TEST_F(WorkQueueTest, AnItemIsQueuedFromDispatchLevel) {
  KeInitializeEvent(&g_event, NotificationEvent, FALSE);
  static WORK_QUEUE_ITEM item;
  ExInitializeWorkItem(&item, SignalEvent, nullptr);
  KIRQL old_irql;
  KeRaiseIrql(DISPATCH_LEVEL, &old_irql);
  ExQueueWorkItem(&item, CriticalWorkQueue);
  KeLowerIrql(old_irql);
  KeWaitForSingleObject(&g_event, ::Executive, KernelMode, FALSE, nullptr);
}

TEST_F(WorkQueueDeathTest, QueuingAnItemTwice) {
  EXPECT_BUGCHECK(
      {
        static WORK_QUEUE_ITEM item;
        ExInitializeWorkItem(&item, SignalEvent, nullptr);
        item.List.Flink = &item.List;  // as it is while queued
        ExQueueWorkItem(&item, DelayedWorkQueue);
      },
      "WORKER_INVALID");
}

TEST_F(WorkQueueTest, LocalTimeGoesThereAndBack) {
  LARGE_INTEGER system;
  LARGE_INTEGER local;
  LARGE_INTEGER back;
  system.QuadPart = 133'000'000'000'000'000;
  ExSystemTimeToLocalTime(&system, &local);
  ExLocalTimeToSystemTime(&local, &back);
  EXPECT_EQ(back.QuadPart, system.QuadPart);
}

TEST_F(WorkQueueTest, UuidsDiffer) {
  GUID a = {};
  GUID b = {};
  EXPECT_EQ(ExUuidCreate(&a), STATUS_SUCCESS);
  EXPECT_EQ(ExUuidCreate(&b), STATUS_SUCCESS);
  EXPECT_NE(std::memcmp(&a, &b, sizeof(a)), 0);
  EXPECT_EQ(a.Data3 >> 12, 4);
  EXPECT_EQ(ExGetPreviousMode(), KernelMode);
}

TEST_F(WorkQueueTest, ThereIsNoFirmware) {
  UNICODE_STRING name = {};
  GUID guid = {};
  ULONG size = 0;
  EXPECT_EQ(ExGetFirmwareEnvironmentVariable(&name, &guid, nullptr, &size, nullptr), STATUS_NOT_IMPLEMENTED);
  EXPECT_EQ(ExGetFirmwareEnvironmentVariable(nullptr, &guid, nullptr, &size, nullptr),
            STATUS_INVALID_PARAMETER);
  EXPECT_EQ(ExGetFirmwareType(), FirmwareTypeUnknown);
  EXPECT_TRUE(ExIsProcessorFeaturePresent(PF_COMPARE_EXCHANGE128));
  EXPECT_FALSE(ExIsProcessorFeaturePresent(1000));
}

}  // namespace
}  // namespace ring3::ex
