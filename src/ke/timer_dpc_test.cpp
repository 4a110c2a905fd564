// SPDX-License-Identifier: MIT
#include <atomic>
#include <vector>

#include "ke/freed_memory.h"
#include "ke/kernel_test.h"
#include "ke/processor.h"

namespace ring3::ke {
namespace {

using DpcTest = KernelTest;
using DpcDeathTest = KernelTest;
using TimerTest = KernelTest;

// What a DPC saw, and an event that it sets.
struct Seen {
  Seen() { KeInitializeEvent(&event, SynchronizationEvent, FALSE); }
  KEVENT event;
  std::atomic<int> runs{0};
  std::atomic<int> irql{-1};
  std::atomic<bool> in_dpc{false};
  std::atomic<ULONG> processor{~0u};
  std::atomic<PVOID> argument{nullptr};
};

void Record(PKDPC, PVOID context, PVOID argument1, PVOID) {
  auto* seen = static_cast<Seen*>(context);
  seen->irql = KeGetCurrentIrql();
  seen->in_dpc = KeIsExecutingDpc() != 0;
  seen->processor = KeGetCurrentProcessorNumberEx(nullptr);
  seen->argument = argument1;
  ++seen->runs;
  KeSetEvent(&seen->event, 0, FALSE);
}

TEST_F(DpcTest, RunsAtDispatchLevelWithItsArguments) {
  Seen seen;
  KDPC dpc;
  KeInitializeDpc(&dpc, Record, &seen);
  EXPECT_TRUE(KeInsertQueueDpc(&dpc, &seen, nullptr));
  EXPECT_EQ(WaitFor(&seen.event), STATUS_SUCCESS);
  EXPECT_EQ(seen.irql, DISPATCH_LEVEL);
  EXPECT_TRUE(seen.in_dpc);
  EXPECT_EQ(seen.argument, &seen);
  EXPECT_FALSE(KeRemoveQueueDpc(&dpc));
  KeFlushQueuedDpcs();
}

TEST_F(DpcTest, RunsOnItsTarget) {
  for (ULONG i = 0; i < ProcessorCount(); ++i) {
    Seen seen;
    KDPC dpc;
    KeInitializeDpc(&dpc, Record, &seen);
    PROCESSOR_NUMBER number{0, static_cast<UCHAR>(i), 0};
    ASSERT_EQ(KeSetTargetProcessorDpcEx(&dpc, &number), STATUS_SUCCESS);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    KeFlushQueuedDpcs();
    EXPECT_EQ(seen.processor, i);
  }
  KDPC dpc;
  KeInitializeDpc(&dpc, Record, nullptr);
  PROCESSOR_NUMBER none{0, 64, 0};
  EXPECT_EQ(KeSetTargetProcessorDpcEx(&dpc, &none), STATUS_INVALID_PARAMETER);
}

TEST_F(DpcTest, ThreadedRunsAtPassiveLevel) {
  Seen seen;
  KDPC dpc;
  KeInitializeThreadedDpc(&dpc, Record, &seen);
  KeInsertQueueDpc(&dpc, nullptr, nullptr);
  KeFlushQueuedDpcs();
  EXPECT_EQ(seen.irql, PASSIVE_LEVEL);
  EXPECT_FALSE(seen.in_dpc);
}

struct Gate {
  Gate() {
    open = false;
    entered = false;
  }
  std::atomic<bool> open;
  std::atomic<bool> entered;
};

void Block(PKDPC, PVOID context, PVOID, PVOID) {
  auto* gate = static_cast<Gate*>(context);
  gate->entered = true;
  while (!gate->open) os::YieldThread();
}

// Processor 0's queue is held up by a DPC until the gate opens.
class HeldQueue {
 public:
  HeldQueue() {
    KeInitializeDpc(&dpc_, Block, &gate_);
    KeSetTargetProcessorDpc(&dpc_, 0);
    KeInsertQueueDpc(&dpc_, nullptr, nullptr);
    while (!gate_.entered) os::YieldThread();
  }
  void Release() { gate_.open = true; }

 private:
  Gate gate_;
  KDPC dpc_;
};

std::vector<int>* g_order;

void Append(PKDPC, PVOID context, PVOID, PVOID) {
  g_order->push_back(static_cast<int>(reinterpret_cast<LONG_PTR>(context)));
}

TEST_F(DpcTest, HighImportanceGoesFirst) {
  std::vector<int> order;
  g_order = &order;
  KDPC dpcs[3];
  for (LONG_PTR i = 0; i < 3; ++i) {
    KeInitializeDpc(&dpcs[i], Append, reinterpret_cast<PVOID>(i));
    KeSetTargetProcessorDpc(&dpcs[i], 0);
  }
  KeSetImportanceDpc(&dpcs[2], HighImportance);
  HeldQueue held;
  for (KDPC& dpc : dpcs) EXPECT_TRUE(KeInsertQueueDpc(&dpc, nullptr, nullptr));
  EXPECT_FALSE(KeInsertQueueDpc(&dpcs[0], nullptr, nullptr));
  held.Release();
  KeFlushQueuedDpcs();
  EXPECT_EQ(order, (std::vector<int>{2, 0, 1}));
}

TEST_F(DpcTest, RemovedOneDoesNotRun) {
  Seen seen;
  KDPC dpc;
  KeInitializeDpc(&dpc, Record, &seen);
  KeSetTargetProcessorDpc(&dpc, 0);
  HeldQueue held;
  KeInsertQueueDpc(&dpc, nullptr, nullptr);
  EXPECT_TRUE(KeRemoveQueueDpc(&dpc));
  EXPECT_FALSE(KeRemoveQueueDpc(&dpc));
  held.Release();
  KeFlushQueuedDpcs();
  EXPECT_EQ(seen.runs, 0);
}

TEST_F(DpcTest, QueuedFromManyThreads) {
  Seen seen;
  KDPC dpc;
  KeInitializeDpc(&dpc, Record, &seen);
  std::atomic<int> queued{0};
  auto body = [&] {
    for (int i = 0; i < 2000; ++i) {
      if (KeInsertQueueDpc(&dpc, nullptr, nullptr)) ++queued;
      if (i % 7 == 0 && KeRemoveQueueDpc(&dpc)) --queued;
    }
  };
  {
    TestThread a(body);
    TestThread b(body);
  }
  KeFlushQueuedDpcs();
  EXPECT_EQ(seen.runs, queued);
}

void WaitInDpc(PKDPC, PVOID context, PVOID, PVOID) {
  WaitFor(context);
}
void RaiseInDpc(PKDPC, PVOID, PVOID, PVOID) {
  KfRaiseIrql(HIGH_LEVEL);
}
void LowerInDpc(PKDPC, PVOID, PVOID, PVOID) {
  KeLowerIrql(PASSIVE_LEVEL);
}
void KeepLock(PKDPC, PVOID context, PVOID, PVOID) {
  KeAcquireSpinLockAtDpcLevel(static_cast<PKSPIN_LOCK>(context));
}

void RunDpc(PKDEFERRED_ROUTINE routine, PVOID context) {
  KDPC dpc;
  KeInitializeDpc(&dpc, routine, context);
  KeInsertQueueDpc(&dpc, nullptr, nullptr);
  KeFlushQueuedDpcs();
}

TEST_F(DpcDeathTest, WhatADpcMustNotDo) {
  KEVENT never;
  KSPIN_LOCK lock = 0;
  KeInitializeEvent(&never, NotificationEvent, FALSE);
  EXPECT_BUGCHECK(RunDpc(WaitInDpc, &never), "ATTEMPTED_SWITCH_FROM_DPC");
  EXPECT_BUGCHECK(RunDpc(RaiseInDpc, nullptr), "IRQL_UNEXPECTED_VALUE");
  EXPECT_BUGCHECK(RunDpc(LowerInDpc, nullptr), "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK(RunDpc(KeepLock, &lock), "SPIN_LOCK_ALREADY_OWNED");
}

TEST_F(TimerTest, ExpiresOnce) {
  KTIMER timer;
  KeInitializeTimer(&timer);
  EXPECT_FALSE(KeSetTimer(&timer, Relative(1), nullptr));
  EXPECT_EQ(WaitFor(&timer), STATUS_SUCCESS);
  EXPECT_TRUE(KeReadStateTimer(&timer));
  EXPECT_FALSE(KeCancelTimer(&timer));
  EXPECT_EQ(Poll(&timer), STATUS_SUCCESS);
}

TEST_F(TimerTest, SynchronizationTimerLetsOneThrough) {
  KTIMER timer;
  KeInitializeTimerEx(&timer, SynchronizationTimer);
  KeSetTimer(&timer, Relative(1), nullptr);
  EXPECT_EQ(WaitFor(&timer), STATUS_SUCCESS);
  EXPECT_FALSE(KeReadStateTimer(&timer));
}

TEST_F(TimerTest, QueuesItsDpc) {
  Seen seen;
  KDPC dpc;
  KTIMER timer;
  KeInitializeDpc(&dpc, Record, &seen);
  KeInitializeTimer(&timer);
  KeSetTimer(&timer, Relative(1), &dpc);
  EXPECT_EQ(WaitFor(&seen.event), STATUS_SUCCESS);
  EXPECT_EQ(seen.irql, DISPATCH_LEVEL);
  KeFlushQueuedDpcs();
}

TEST_F(TimerTest, PeriodicGoesOnUntilCancelled) {
  Seen seen;
  KDPC dpc;
  KTIMER timer;
  KeInitializeDpc(&dpc, Record, &seen);
  KeInitializeTimerEx(&timer, SynchronizationTimer);
  KeSetTimerEx(&timer, Relative(1), 1, &dpc);
  while (seen.runs < 3) WaitFor(&seen.event);
  EXPECT_TRUE(KeCancelTimer(&timer));
  KeFlushQueuedDpcs();
  const int runs = seen.runs;
  EXPECT_FALSE(KeCancelTimer(&timer));
  EXPECT_EQ(seen.runs, runs);
}

TEST_F(TimerTest, AbsoluteTimeInThePastExpiresAtOnce) {
  KTIMER timer;
  KeInitializeTimer(&timer);
  LARGE_INTEGER past;
  past.QuadPart = 1;
  KeSetTimer(&timer, past, nullptr);
  EXPECT_EQ(WaitFor(&timer), STATUS_SUCCESS);
}

TEST_F(TimerTest, AbsoluteTime) {
  KTIMER timer;
  KeInitializeTimer(&timer);
  LARGE_INTEGER due;
  KeQuerySystemTime(&due);
  due.QuadPart += 20'000;
  KeSetTimer(&timer, due, nullptr);
  EXPECT_EQ(WaitFor(&timer), STATUS_SUCCESS);
  LARGE_INTEGER now;
  KeQuerySystemTime(&now);
  EXPECT_GE(now.QuadPart, due.QuadPart);
}

TEST_F(TimerTest, SettingAgainCancels) {
  KTIMER timer;
  KeInitializeTimer(&timer);
  EXPECT_FALSE(KeSetTimer(&timer, Relative(3'600'000), nullptr));
  EXPECT_TRUE(KeSetTimer(&timer, Relative(1), nullptr));
  EXPECT_EQ(WaitFor(&timer), STATUS_SUCCESS);
}

TEST_F(TimerTest, ManyExpireInOrder) {
  constexpr int kTimers = 200;
  std::vector<KTIMER> timers(kTimers);
  for (int i = 0; i < kTimers; ++i) {
    KeInitializeTimer(&timers[static_cast<size_t>(i)]);
    KeSetTimer(&timers[static_cast<size_t>(i)], Relative(1 + (i * 7) % 20), nullptr);
  }
  for (KTIMER& timer : timers) EXPECT_EQ(WaitFor(&timer), STATUS_SUCCESS);
}

TEST_F(TimerTest, SetAndCancelledByManyThreads) {
  KTIMER timer;
  KeInitializeTimer(&timer);
  auto body = [&] {
    for (int i = 0; i < 500; ++i) {
      KeSetTimer(&timer, Relative(i % 3), nullptr);
      KeCancelTimer(&timer);
    }
  };
  {
    TestThread a(body);
    TestThread b(body);
  }
  KeCancelTimer(&timer);
}

TEST_F(TimerTest, WhatIsStillSetAtTheEndIsReported) {
  KTIMER timer;
  KeInitializeTimer(&timer);
  KeSetTimer(&timer, Relative(3'600'000), nullptr);
  EXPECT_EQ(Shutdown().lines().size(), 1u);
}

struct ExSeen {
  std::atomic<int> runs{0};
  std::atomic<bool> deleted{false};
  KEVENT event;
};

void ExCallback(PEX_TIMER, PVOID context) {
  auto* seen = static_cast<ExSeen*>(context);
  ++seen->runs;
  KeSetEvent(&seen->event, 0, FALSE);
}

void ExDeleted(PVOID context) {
  auto* seen = static_cast<ExSeen*>(context);
  seen->deleted = true;
  KeSetEvent(&seen->event, 0, FALSE);
}

TEST_F(TimerTest, AllocatedTimerCallsBackAndIsDeleted) {
  ExSeen seen;
  KeInitializeEvent(&seen.event, SynchronizationEvent, FALSE);
  PEX_TIMER timer = ExAllocateTimer(ExCallback, &seen, EX_TIMER_HIGH_RESOLUTION);
  ASSERT_NE(timer, nullptr);
  EXPECT_FALSE(ExSetTimer(timer, Relative(1).QuadPart, 0, nullptr));
  WaitFor(&seen.event);
  EXPECT_EQ(seen.runs, 1);
  ExSetTimer(timer, Relative(3'600'000).QuadPart, 0, nullptr);
  EXPECT_TRUE(ExCancelTimer(timer, nullptr));
  EXPECT_FALSE(ExCancelTimer(timer, nullptr));
  ExSetTimer(timer, Relative(3'600'000).QuadPart, 10'000, nullptr);
  EXT_DELETE_PARAMETERS parameters;
  ExInitializeDeleteTimerParameters(&parameters);
  parameters.DeleteCallback = ExDeleted;
  parameters.DeleteContext = &seen;
  EXPECT_TRUE(ExDeleteTimer(timer, TRUE, FALSE, &parameters));
  WaitFor(&seen.event);
  EXPECT_TRUE(seen.deleted);
  KeFlushQueuedDpcs();
}

TEST_F(TimerTest, AllocatedTimerCanBeWaitedFor) {
  PEX_TIMER timer = ExAllocateTimer(nullptr, nullptr, EX_TIMER_NOTIFICATION);
  ExSetTimer(timer, Relative(1).QuadPart, 0, nullptr);
  EXPECT_EQ(WaitFor(timer), STATUS_SUCCESS);
  EXPECT_FALSE(ExDeleteTimer(timer, TRUE, TRUE, nullptr));
}

using TimerDeathTest = KernelTest;

TEST_F(TimerDeathTest, FreeingMemoryWithASetTimerOrQueuedDpc) {
  struct Block {
    KTIMER timer;
    KDPC dpc;
  } block;
  KeInitializeTimer(&block.timer);
  CheckFreedMemory(&block, sizeof(block));
  EXPECT_BUGCHECK(
      {
        KeSetTimer(&block.timer, Relative(3'600'000), nullptr);
        CheckFreedMemory(&block, sizeof(block));
      },
      "TIMER_OR_DPC_INVALID");
  EXPECT_BUGCHECK(
      {
        HeldQueue held;
        KeInitializeDpc(&block.dpc, Record, nullptr);
        KeSetTargetProcessorDpc(&block.dpc, 0);
        KeInsertQueueDpc(&block.dpc, nullptr, nullptr);
        CheckFreedMemory(&block, sizeof(block));
      },
      "TIMER_OR_DPC_INVALID");
}

TEST_F(TimerDeathTest, HighResolutionTakesRelativeTimesOnly) {
  EXPECT_BUGCHECK(ExSetTimer(ExAllocateTimer(nullptr, nullptr, EX_TIMER_HIGH_RESOLUTION), 1, 0, nullptr),
                  "TIMER_OR_DPC_INVALID");
  EXPECT_BUGCHECK(ExAllocateTimer(nullptr, nullptr, EX_TIMER_HIGH_RESOLUTION | EX_TIMER_NO_WAKE),
                  "TIMER_OR_DPC_INVALID");
}

}  // namespace
}  // namespace ring3::ke
