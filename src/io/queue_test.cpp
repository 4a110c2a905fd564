// SPDX-License-Identifier: MIT
// Requests that wait: StartIo queues, cancel-safe queues, and cancellation against completion.
#include <ddi/ex.h>
#include <ddi/list.h>
#include <ntstatus.h>

#include <atomic>
#include <thread>
#include <vector>

#include "io/test_driver.h"

namespace ring3::io {
namespace {

// As a driver of `device` has it.
PIRP NewIrp(PDEVICE_OBJECT device = nullptr) {
  PIRP irp = IoAllocateIrp(1, FALSE);
  IoSetNextIrpStackLocation(irp);
  IoGetCurrentIrpStackLocation(irp)->DeviceObject = device;
  return irp;
}

class StartIoTest : public DriverTest {
 protected:
  void SetUp() override {
    DriverTest::SetUp();
    s_started.clear();
    s_cancelled = nullptr;
    LoadTestDriver({.start_io = StartIo});
  }
  static VOID StartIo(PDEVICE_OBJECT, PIRP irp) {
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    s_started.push_back(irp);
  }
  static VOID Cancel(PDEVICE_OBJECT device, PIRP irp) {
    IoReleaseCancelSpinLock(irp->CancelIrql);
    s_cancelled = irp;
    EXPECT_TRUE(KeRemoveEntryDeviceQueue(&device->DeviceQueue, &irp->Tail.Overlay.DeviceQueueEntry));
  }
  static void StartNext(BOOLEAN cancelable) {
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    IoStartNextPacket(device(), cancelable);
    KeLowerIrql(old);
  }
  static inline std::vector<PIRP> s_started;
  static inline PIRP s_cancelled = nullptr;
};

TEST_F(StartIoTest, OneRequestAtATimeInOrder) {
  std::vector<PIRP> irps = {NewIrp(), NewIrp(), NewIrp()};
  for (PIRP irp : irps) IoStartPacket(device(), irp, nullptr, nullptr);
  EXPECT_EQ(s_started.size(), 1u);
  EXPECT_EQ(device()->CurrentIrp, irps[0]);
  StartNext(FALSE);
  StartNext(FALSE);
  EXPECT_EQ(s_started, irps);
  StartNext(FALSE);
  EXPECT_EQ(device()->CurrentIrp, nullptr);
  for (PIRP irp : irps) IoFreeIrp(irp);
}

TEST_F(StartIoTest, AKeyDecidesTheOrder) {
  std::vector<PIRP> irps = {NewIrp(), NewIrp(), NewIrp()};
  ULONG keys[] = {0, 9, 5};
  for (int i = 0; i < 3; ++i) IoStartPacket(device(), irps[i], &keys[i], nullptr);
  KIRQL old;
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  IoStartNextPacketByKey(device(), FALSE, 0);
  IoStartNextPacketByKey(device(), FALSE, 0);
  IoStartNextPacketByKey(device(), FALSE, 0);
  KeLowerIrql(old);
  EXPECT_EQ(s_started, (std::vector<PIRP>{irps[0], irps[2], irps[1]}));
  for (PIRP irp : irps) IoFreeIrp(irp);
}

TEST_F(StartIoTest, AQueuedRequestCanBeCancelled) {
  PIRP first = NewIrp();
  PIRP second = NewIrp(device());
  IoStartPacket(device(), first, nullptr, nullptr);
  IoStartPacket(device(), second, nullptr, Cancel);
  EXPECT_TRUE(IoCancelIrp(second));
  EXPECT_EQ(s_cancelled, second);
  StartNext(TRUE);
  EXPECT_EQ(s_started, (std::vector<PIRP>{first}));
  IoFreeIrp(first);
  IoFreeIrp(second);
}

struct Queue {
  IO_CSQ csq;
  KSPIN_LOCK lock;
  LIST_ENTRY list;
  std::atomic<int> cancelled{0};

  static Queue* Of(PIO_CSQ csq) { return CONTAINING_RECORD(csq, Queue, csq); }
  static VOID Insert(PIO_CSQ csq, PIRP irp) { InsertTailList(&Of(csq)->list, &irp->Tail.Overlay.ListEntry); }
  static VOID Remove(PIO_CSQ, PIRP irp) { RemoveEntryList(&irp->Tail.Overlay.ListEntry); }
  static PIRP Peek(PIO_CSQ csq, PIRP irp, PVOID) {
    PLIST_ENTRY next = irp == nullptr ? Of(csq)->list.Flink : irp->Tail.Overlay.ListEntry.Flink;
    return next == &Of(csq)->list ? nullptr : CONTAINING_RECORD(next, IRP, Tail.Overlay.ListEntry);
  }
  static VOID Acquire(PIO_CSQ csq, PKIRQL irql) { KeAcquireSpinLock(&Of(csq)->lock, irql); }
  static VOID Release(PIO_CSQ csq, KIRQL irql) { KeReleaseSpinLock(&Of(csq)->lock, irql); }
  static VOID Complete(PIO_CSQ csq, PIRP) { ++Of(csq)->cancelled; }

  Queue() {
    KeInitializeSpinLock(&lock);
    InitializeListHead(&list);
    IoCsqInitialize(&csq, Insert, Remove, Peek, Acquire, Release, Complete);
  }
};

class CancelSafeQueueTest : public DriverTest {};

TEST_F(CancelSafeQueueTest, RequestsLeaveInOrder) {
  Queue queue;
  PIRP first = NewIrp();
  PIRP second = NewIrp();
  IoCsqInsertIrp(&queue.csq, first, nullptr);
  IoCsqInsertIrp(&queue.csq, second, nullptr);
  EXPECT_NE(first->CancelRoutine, nullptr);
  EXPECT_EQ(IoCsqRemoveNextIrp(&queue.csq, nullptr), first);
  EXPECT_EQ(first->CancelRoutine, nullptr);
  EXPECT_EQ(IoCsqRemoveNextIrp(&queue.csq, nullptr), second);
  EXPECT_EQ(IoCsqRemoveNextIrp(&queue.csq, nullptr), nullptr);
  IoFreeIrp(first);
  IoFreeIrp(second);
}

TEST_F(CancelSafeQueueTest, CancelledRequestsLeaveTheQueue) {
  Queue queue;
  PIRP irp = NewIrp();
  IO_CSQ_IRP_CONTEXT context;
  IoCsqInsertIrp(&queue.csq, irp, &context);
  EXPECT_TRUE(IoCancelIrp(irp));
  EXPECT_EQ(queue.cancelled, 1);
  EXPECT_EQ(IoCsqRemoveIrp(&queue.csq, &context), nullptr);
  IoFreeIrp(irp);
  // One that was cancelled before it was queued.
  irp = NewIrp();
  irp->Cancel = TRUE;
  IoCsqInsertIrp(&queue.csq, irp, &context);
  EXPECT_EQ(queue.cancelled, 2);
  EXPECT_EQ(IoCsqRemoveNextIrp(&queue.csq, nullptr), nullptr);
  IoFreeIrp(irp);
}

TEST_F(CancelSafeQueueTest, AContextRemovesItsRequest) {
  Queue queue;
  PIRP irp = NewIrp();
  IO_CSQ_IRP_CONTEXT context;
  IoCsqInsertIrp(&queue.csq, irp, &context);
  EXPECT_EQ(IoCsqRemoveIrp(&queue.csq, &context), irp);
  EXPECT_EQ(IoCsqRemoveIrp(&queue.csq, &context), nullptr);
  IoFreeIrp(irp);
}

TEST_F(CancelSafeQueueTest, RemovalAndCancellationNeverBothWin) {
  constexpr int kRounds = 500;
  Queue queue;
  std::vector<PIRP> irps;
  for (int i = 0; i < kRounds; ++i) {
    irps.push_back(NewIrp());
    IoCsqInsertIrp(&queue.csq, irps.back(), nullptr);
  }
  std::atomic<bool> go{false};
  std::atomic<int> removed{0};
  std::thread canceller([&] {
    while (!go) std::this_thread::yield();
    for (auto irp = irps.rbegin(); irp != irps.rend(); ++irp) IoCancelIrp(*irp);
  });
  std::thread remover([&] {
    while (!go) std::this_thread::yield();
    while (IoCsqRemoveNextIrp(&queue.csq, nullptr) != nullptr) ++removed;
  });
  go = true;
  canceller.join();
  remover.join();
  while (IoCsqRemoveNextIrp(&queue.csq, nullptr) != nullptr) ++removed;
  EXPECT_EQ(removed + queue.cancelled, kRounds);
  for (PIRP irp : irps) IoFreeIrp(irp);
}

class IoTimerTest : public DriverTest {
 protected:
  void SetUp() override {
    DriverTest::SetUp();
    LoadTestDriver({});
  }
};

TEST_F(IoTimerTest, TheRoutineRunsAtDispatchLevel) {
  struct Shared {
    KEVENT ticked;
    std::atomic<KIRQL> irql{77};
  } shared;
  KeInitializeEvent(&shared.ticked, NotificationEvent, FALSE);
  ASSERT_EQ(IoInitializeTimer(
                device(),
                [](PDEVICE_OBJECT, PVOID context) {
                  static_cast<Shared*>(context)->irql = KeGetCurrentIrql();
                  KeSetEvent(&static_cast<Shared*>(context)->ticked, IO_NO_INCREMENT, FALSE);
                },
                &shared),
            STATUS_SUCCESS);
  IoStartTimer(device());
  EXPECT_EQ(KeWaitForSingleObject(&shared.ticked, KWAIT_REASON::Executive, KernelMode, FALSE, nullptr),
            STATUS_SUCCESS);
  IoStopTimer(device());
  KeFlushQueuedDpcs();
  EXPECT_EQ(shared.irql, DISPATCH_LEVEL);
}

}  // namespace
}  // namespace ring3::io
