// SPDX-License-Identifier: MIT
#include <ring3_seh.h>

#include <vector>

#include "ke/apc.h"
#include "ke/kernel_test.h"

namespace ring3::ke {
namespace {

using EventTest = KernelTest;
using MutexTest = KernelTest;
using SemaphoreTest = KernelTest;
using WaitTest = KernelTest;
using WaitDeathTest = KernelTest;

TEST_F(EventTest, NotificationEventStaysSet) {
  KEVENT event;
  KeInitializeEvent(&event, NotificationEvent, FALSE);
  EXPECT_EQ(Poll(&event), STATUS_TIMEOUT);
  EXPECT_EQ(KeSetEvent(&event, 0, FALSE), 0);
  EXPECT_NE(KeSetEvent(&event, 0, FALSE), 0);
  EXPECT_EQ(Poll(&event), STATUS_SUCCESS);
  EXPECT_EQ(Poll(&event), STATUS_SUCCESS);
  EXPECT_NE(KeResetEvent(&event), 0);
  EXPECT_EQ(KeReadStateEvent(&event), 0);
}

TEST_F(EventTest, SynchronizationEventLetsOneThrough) {
  KEVENT event;
  KeInitializeEvent(&event, SynchronizationEvent, TRUE);
  EXPECT_EQ(WaitFor(&event), STATUS_SUCCESS);
  EXPECT_EQ(Poll(&event), STATUS_TIMEOUT);
  KeSetEvent(&event, 0, FALSE);
  KeClearEvent(&event);
  EXPECT_EQ(Poll(&event), STATUS_TIMEOUT);
}

TEST_F(EventTest, WakesEveryWaiter) {
  KEVENT event;
  KeInitializeEvent(&event, NotificationEvent, FALSE);
  TestThread first([&] { EXPECT_EQ(WaitFor(&event), STATUS_SUCCESS); });
  TestThread second([&] { EXPECT_EQ(WaitFor(&event), STATUS_SUCCESS); });
  first.AwaitWaiting();
  second.AwaitWaiting();
  KeSetEvent(&event, 0, FALSE);
}

TEST_F(EventTest, PulseWakesWhoWaitsAndLeavesItReset) {
  KEVENT event;
  KeInitializeEvent(&event, NotificationEvent, FALSE);
  TestThread waiter([&] { EXPECT_EQ(WaitFor(&event), STATUS_SUCCESS); });
  waiter.AwaitWaiting();
  EXPECT_EQ(KePulseEvent(&event, 0, FALSE), 0);
  waiter.Join();
  EXPECT_EQ(KeReadStateEvent(&event), 0);
}

TEST_F(EventTest, SetWithWaitKeepsTheIrqlRaisedUntilTheWait) {
  KEVENT event;
  KeInitializeEvent(&event, SynchronizationEvent, FALSE);
  KeSetEvent(&event, 0, TRUE);
  EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
  EXPECT_EQ(WaitFor(&event), STATUS_SUCCESS);
  EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

TEST_F(EventTest, PingPong) {
  KEVENT ping;
  KEVENT pong;
  KeInitializeEvent(&ping, SynchronizationEvent, FALSE);
  KeInitializeEvent(&pong, SynchronizationEvent, FALSE);
  TestThread other([&] {
    for (int i = 0; i < 1000; ++i) {
      EXPECT_EQ(WaitFor(&ping), STATUS_SUCCESS);
      KeSetEvent(&pong, 0, FALSE);
    }
  });
  for (int i = 0; i < 1000; ++i) {
    KeSetEvent(&ping, 0, FALSE);
    EXPECT_EQ(WaitFor(&pong), STATUS_SUCCESS);
  }
}

TEST_F(MutexTest, IsRecursiveAndDisablesApcs) {
  KMUTEX mutex;
  KeInitializeMutex(&mutex, 0);
  EXPECT_EQ(KeReadStateMutex(&mutex), 1);
  EXPECT_EQ(WaitFor(&mutex), STATUS_SUCCESS);
  EXPECT_TRUE(KeAreApcsDisabled());
  EXPECT_EQ(WaitFor(&mutex), STATUS_SUCCESS);
  EXPECT_EQ(KeReleaseMutex(&mutex, FALSE), -1);
  EXPECT_TRUE(KeAreApcsDisabled());
  EXPECT_EQ(KeReleaseMutex(&mutex, FALSE), 0);
  EXPECT_FALSE(KeAreApcsDisabled());
  EXPECT_EQ(KeReadStateMutex(&mutex), 1);
}

TEST_F(MutexTest, Contended) {
  KMUTEX mutex;
  KeInitializeMutex(&mutex, 0);
  int count = 0;
  auto body = [&] {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_EQ(WaitFor(&mutex), STATUS_SUCCESS);
      ++count;
      KeReleaseMutex(&mutex, FALSE);
    }
  };
  {
    TestThread a(body);
    TestThread b(body);
    TestThread c(body);
  }
  EXPECT_EQ(count, 3000);
}

TEST_F(MutexTest, MutantOfAThreadThatEndedIsAbandoned) {
  KMUTANT mutant;
  KeInitializeMutant(&mutant, FALSE);
  TestThread([&] { EXPECT_EQ(WaitFor(&mutant), STATUS_SUCCESS); }).Join();
  EXPECT_EQ(Poll(&mutant), STATUS_ABANDONED_WAIT_0);
  EXPECT_FALSE(KeAreApcsDisabled());
  EXPECT_EQ(WaitFor(&mutant), STATUS_SUCCESS);
  KeReleaseMutant(&mutant, 0, FALSE, FALSE);
  EXPECT_EQ(KeReleaseMutant(&mutant, 0, FALSE, FALSE), 0);
}

TEST_F(SemaphoreTest, CountsDownToZero) {
  KSEMAPHORE semaphore;
  KeInitializeSemaphore(&semaphore, 2, 3);
  EXPECT_EQ(Poll(&semaphore), STATUS_SUCCESS);
  EXPECT_EQ(Poll(&semaphore), STATUS_SUCCESS);
  EXPECT_EQ(Poll(&semaphore), STATUS_TIMEOUT);
  EXPECT_EQ(KeReleaseSemaphore(&semaphore, 0, 3, FALSE), 0);
  EXPECT_EQ(KeReadStateSemaphore(&semaphore), 3);
}

TEST_F(SemaphoreTest, ReleasesAsManyWaitersAsItIsGiven) {
  KSEMAPHORE semaphore;
  KeInitializeSemaphore(&semaphore, 0, 10);
  TestThread a([&] { EXPECT_EQ(WaitFor(&semaphore), STATUS_SUCCESS); });
  TestThread b([&] { EXPECT_EQ(WaitFor(&semaphore), STATUS_SUCCESS); });
  a.AwaitWaiting();
  b.AwaitWaiting();
  KeReleaseSemaphore(&semaphore, 0, 3, FALSE);
  a.Join();
  b.Join();
  EXPECT_EQ(KeReadStateSemaphore(&semaphore), 1);
}

TEST_F(WaitTest, AnyTellsWhich) {
  KEVENT events[2];
  KeInitializeEvent(&events[0], NotificationEvent, FALSE);
  KeInitializeEvent(&events[1], NotificationEvent, TRUE);
  PVOID objects[] = {&events[0], &events[1]};
  EXPECT_EQ(KeWaitForMultipleObjects(2, objects, WaitAny, ::Executive, KernelMode, FALSE, nullptr, nullptr),
            STATUS_WAIT_1);
}

TEST_F(WaitTest, AllTakesEverythingOrNothing) {
  KEVENT event;
  KSEMAPHORE semaphore;
  KeInitializeEvent(&event, SynchronizationEvent, FALSE);
  KeInitializeSemaphore(&semaphore, 1, 1);
  PVOID objects[] = {&semaphore, &event};
  LARGE_INTEGER zero{};
  EXPECT_EQ(KeWaitForMultipleObjects(2, objects, WaitAll, ::Executive, KernelMode, FALSE, &zero, nullptr),
            STATUS_TIMEOUT);
  EXPECT_EQ(KeReadStateSemaphore(&semaphore), 1);
  TestThread waiter([&] {
    EXPECT_EQ(KeWaitForMultipleObjects(2, objects, WaitAll, ::Executive, KernelMode, FALSE, nullptr, nullptr),
              STATUS_SUCCESS);
  });
  waiter.AwaitWaiting();
  KeSetEvent(&event, 0, FALSE);
  waiter.Join();
  EXPECT_EQ(KeReadStateSemaphore(&semaphore), 0);
  EXPECT_EQ(KeReadStateEvent(&event), 0);
}

TEST_F(WaitTest, ManyObjectsNeedAnArray) {
  std::vector<KEVENT> events(MAXIMUM_WAIT_OBJECTS);
  std::vector<PVOID> objects;
  for (KEVENT& event : events) {
    KeInitializeEvent(&event, SynchronizationEvent, FALSE);
    objects.push_back(&event);
  }
  std::vector<KWAIT_BLOCK> blocks(events.size());
  TestThread waiter([&] {
    EXPECT_EQ(KeWaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, objects.data(), WaitAny, ::Executive, KernelMode,
                                       FALSE, nullptr, blocks.data()),
              STATUS_WAIT_63);
  });
  waiter.AwaitWaiting();
  KeSetEvent(&events.back(), 0, FALSE);
}

TEST_F(WaitTest, TimesOut) {
  KEVENT event;
  KeInitializeEvent(&event, NotificationEvent, FALSE);
  LARGE_INTEGER timeout = Relative(2);
  EXPECT_EQ(KeWaitForSingleObject(&event, ::Executive, KernelMode, FALSE, &timeout), STATUS_TIMEOUT);
  LARGE_INTEGER now;
  KeQuerySystemTime(&now);
  now.QuadPart += 20'000;
  EXPECT_EQ(KeWaitForSingleObject(&event, ::Executive, KernelMode, FALSE, &now), STATUS_TIMEOUT);
  now.QuadPart = 1;
  EXPECT_EQ(KeWaitForSingleObject(&event, ::Executive, KernelMode, FALSE, &now), STATUS_TIMEOUT);
}

TEST_F(WaitTest, DelayLastsAtLeastAsLong) {
  const ULONGLONG before = KeQueryInterruptTime();
  LARGE_INTEGER interval = Relative(3);
  EXPECT_EQ(KeDelayExecutionThread(KernelMode, FALSE, &interval), STATUS_SUCCESS);
  EXPECT_GE(KeQueryInterruptTime() - before, 30'000u);
}

TEST_F(WaitTest, ThreadObjectIsSignalledAtTheEnd) {
  KEVENT go;
  KeInitializeEvent(&go, NotificationEvent, FALSE);
  TestThread thread([&] { WaitFor(&go); });
  thread.AwaitWaiting();
  EXPECT_EQ(Poll(thread.kthread()), STATUS_TIMEOUT);
  KeSetEvent(&go, 0, FALSE);
}

TEST_F(WaitTest, AlertEndsAnAlertableWait) {
  KEVENT never;
  KeInitializeEvent(&never, NotificationEvent, FALSE);
  TestThread waiter([&] {
    EXPECT_EQ(KeWaitForSingleObject(&never, UserRequest, UserMode, TRUE, nullptr), STATUS_ALERTED);
  });
  waiter.AwaitWaiting();
  EXPECT_FALSE(KeAlertThread(waiter.kthread(), KernelMode));
}

TEST_F(WaitTest, AlertBeforeTheWaitIsRemembered) {
  KEVENT never;
  KeInitializeEvent(&never, NotificationEvent, FALSE);
  KeAlertThread(KeGetCurrentThread(), KernelMode);
  EXPECT_EQ(KeWaitForSingleObject(&never, ::Executive, KernelMode, TRUE, nullptr), STATUS_ALERTED);
  EXPECT_FALSE(KeTestAlertThread(KernelMode));
}

struct ApcProbe {
  KAPC apc;
  std::atomic<int> kernel_runs{0};
  std::atomic<int> normal_runs{0};
  std::atomic<int> irql{-1};
};

void KernelRoutine(PKAPC apc, PKNORMAL_ROUTINE*, PVOID*, PVOID*, PVOID*) {
  auto* probe = CONTAINING_RECORD(apc, ApcProbe, apc);
  probe->irql = KeGetCurrentIrql();
  ++probe->kernel_runs;
}

void NormalRoutine(PVOID context, PVOID, PVOID) {
  ++static_cast<ApcProbe*>(context)->normal_runs;
}

TEST_F(WaitTest, KernelApcRunsInTheMiddleOfAWait) {
  KEVENT event;
  KeInitializeEvent(&event, NotificationEvent, FALSE);
  TestThread waiter([&] { EXPECT_EQ(WaitFor(&event), STATUS_SUCCESS); });
  waiter.AwaitWaiting();
  ApcProbe probe;
  KeInitializeApc(&probe.apc, waiter.kthread(), OriginalApcEnvironment, KernelRoutine, nullptr, NormalRoutine,
                  KernelMode, &probe);
  EXPECT_TRUE(KeInsertQueueApc(&probe.apc, nullptr, nullptr, 0));
  while (probe.normal_runs == 0) os::YieldThread();
  EXPECT_EQ(probe.kernel_runs, 1);
  EXPECT_EQ(probe.irql, APC_LEVEL);
  KeSetEvent(&event, 0, FALSE);
}

TEST_F(WaitTest, CriticalRegionHoldsBackNormalApcsOnly) {
  ApcProbe normal;
  ApcProbe special;
  KeInitializeApc(&normal.apc, KeGetCurrentThread(), OriginalApcEnvironment, KernelRoutine, nullptr,
                  NormalRoutine, KernelMode, &normal);
  KeInitializeApc(&special.apc, KeGetCurrentThread(), OriginalApcEnvironment, KernelRoutine, nullptr, nullptr,
                  KernelMode, nullptr);
  KeEnterCriticalRegion();
  KeInsertQueueApc(&normal.apc, nullptr, nullptr, 0);
  KeInsertQueueApc(&special.apc, nullptr, nullptr, 0);
  EXPECT_EQ(special.kernel_runs, 1);
  EXPECT_EQ(normal.kernel_runs, 0);
  EXPECT_FALSE(KeInsertQueueApc(&normal.apc, nullptr, nullptr, 0));
  KeLeaveCriticalRegion();
  EXPECT_EQ(normal.normal_runs, 1);
}

TEST_F(WaitTest, ApcWaitsForALowerIrql) {
  ApcProbe probe;
  KeInitializeApc(&probe.apc, KeGetCurrentThread(), OriginalApcEnvironment, KernelRoutine, nullptr, nullptr,
                  KernelMode, nullptr);
  const KIRQL old_irql = KfRaiseIrql(APC_LEVEL);
  KeInsertQueueApc(&probe.apc, nullptr, nullptr, 0);
  EXPECT_EQ(probe.kernel_runs, 0);
  KeLowerIrql(old_irql);
  EXPECT_EQ(probe.kernel_runs, 1);
}

TEST_F(WaitTest, UserApcEndsAnAlertableUserWait) {
  KEVENT never;
  KeInitializeEvent(&never, NotificationEvent, FALSE);
  ApcProbe probe;
  TestThread waiter([&] {
    EXPECT_EQ(KeWaitForSingleObject(&never, UserRequest, UserMode, TRUE, nullptr), STATUS_USER_APC);
    DeliverUserApcs(CurrentThread());
  });
  waiter.AwaitWaiting();
  KeInitializeApc(&probe.apc, waiter.kthread(), OriginalApcEnvironment, KernelRoutine, nullptr, NormalRoutine,
                  UserMode, &probe);
  EXPECT_TRUE(KeInsertQueueApc(&probe.apc, nullptr, nullptr, 0));
  waiter.Join();
  EXPECT_EQ(probe.normal_runs, 1);
}

TEST_F(WaitTest, AbortedUserWaitsEnd) {
  KEVENT never;
  KeInitializeEvent(&never, NotificationEvent, FALSE);
  TestThread waiter([&] {
    EXPECT_EQ(KeWaitForSingleObject(&never, UserRequest, UserMode, FALSE, nullptr), STATUS_USER_APC);
  });
  waiter.AwaitWaiting();
  AbortUserWaits(waiter.kthread());
}

TEST_F(WaitDeathTest, TooManyObjects) {
  PVOID objects[THREAD_WAIT_OBJECTS + 1] = {};
  EXPECT_BUGCHECK(KeWaitForMultipleObjects(THREAD_WAIT_OBJECTS + 1, objects, WaitAny, ::Executive, KernelMode,
                                           FALSE, nullptr, nullptr),
                  "MAXIMUM_WAIT_OBJECTS_EXCEEDED");
}

TEST_F(WaitDeathTest, WaitingAtDispatchLevel) {
  KEVENT event;
  KeInitializeEvent(&event, NotificationEvent, FALSE);
  EXPECT_BUGCHECK(
      {
        KeRaiseIrqlToDpcLevel();
        WaitFor(&event);
      },
      "DRIVER_VERIFIER_DETECTED_VIOLATION");
  const KIRQL old_irql = KeRaiseIrqlToDpcLevel();
  EXPECT_EQ(Poll(&event), STATUS_TIMEOUT);
  KeLowerIrql(old_irql);
}

TEST_F(WaitDeathTest, ObjectThatWasNeverInitialised) {
  EXPECT_BUGCHECK(
      {
        KEVENT event{};
        KeSetEvent(&event, 0, FALSE);
      },
      "KERNEL_SECURITY_CHECK_FAILURE");
}

TEST_F(WaitDeathTest, ReleasingAMutexOfAnother) {
  KMUTEX mutex;
  KeInitializeMutex(&mutex, 0);
  // Nothing catches the exception.
  EXPECT_BUGCHECK(KeReleaseMutex(&mutex, FALSE), "C0000046");
}

TEST_F(WaitDeathTest, SemaphoreAboveItsLimit) {
  KSEMAPHORE semaphore;
  KeInitializeSemaphore(&semaphore, 1, 1);
  EXPECT_BUGCHECK(KeReleaseSemaphore(&semaphore, 0, 1, FALSE), "C0000047");
}

TEST_F(WaitDeathTest, EndingAThreadThatHoldsAMutex) {
  EXPECT_BUGCHECK(
      {
        KMUTEX mutex;
        KeInitializeMutex(&mutex, 0);
        TestThread([&] { WaitFor(&mutex); }).Join();
      },
      "THREAD_TERMINATE_HELD_MUTEX");
}

}  // namespace
}  // namespace ring3::ke
