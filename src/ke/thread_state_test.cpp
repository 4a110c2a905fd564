// SPDX-License-Identifier: MIT
// What belongs to the running thread: attached process, guarded mutexes, floating-point state, priorities,
// processors, time.
#include <ddi/ex.h>

#include "ke/kernel_test.h"
#include "ke/processor.h"

namespace ring3::ke {
namespace {

using AttachTest = KernelTest;
using AttachDeathTest = KernelTest;
using GuardedMutexTest = KernelTest;
using GuardedMutexDeathTest = KernelTest;
using ExtendedStateDeathTest = KernelTest;
using ThreadTest = KernelTest;
using ProcessorTest = KernelTest;
using TimeTest = KernelTest;

TEST_F(AttachTest, Nests) {
  _KPROCESS first;
  _KPROCESS second;
  InitializeProcess(&first, nullptr, 4);
  InitializeProcess(&second, nullptr, 8);
  PKTHREAD thread = CurrentThread();
  PKPROCESS own = thread->process;
  KAPC_STATE outer;
  KAPC_STATE inner;
  KeStackAttachProcess(&first, &outer);
  EXPECT_EQ(thread->process, &first);
  KeStackAttachProcess(&second, &inner);
  EXPECT_EQ(thread->process, &second);
  KeUnstackDetachProcess(&inner);
  EXPECT_EQ(thread->process, &first);
  KeUnstackDetachProcess(&outer);
  EXPECT_EQ(thread->process, own);
  EXPECT_EQ(thread->apc_state_index, OriginalApcEnvironment);
}

TEST_F(AttachDeathTest, AtDispatchLevelOrTwice) {
  _KPROCESS first;
  _KPROCESS second;
  InitializeProcess(&first, nullptr, 4);
  InitializeProcess(&second, nullptr, 8);
  EXPECT_BUGCHECK(
      {
        KAPC_STATE state;
        KeRaiseIrqlToDpcLevel();
        KeStackAttachProcess(&first, &state);
      },
      "INVALID_PROCESS_ATTACH_ATTEMPT");
  EXPECT_BUGCHECK(
      {
        KeAttachProcess(&first);
        KeAttachProcess(&second);
      },
      "INVALID_PROCESS_ATTACH_ATTEMPT");
}

TEST_F(GuardedMutexTest, DisablesApcsWhileHeld) {
  KGUARDED_MUTEX mutex;
  KeInitializeGuardedMutex(&mutex);
  KeAcquireGuardedMutex(&mutex);
  EXPECT_TRUE(KeAreAllApcsDisabled());
  EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
  TestThread([&] { EXPECT_FALSE(KeTryToAcquireGuardedMutex(&mutex)); }).Join();
  KeReleaseGuardedMutex(&mutex);
  EXPECT_FALSE(KeAreAllApcsDisabled());
  ASSERT_TRUE(KeTryToAcquireGuardedMutex(&mutex));
  KeReleaseGuardedMutex(&mutex);
}

TEST_F(GuardedMutexTest, Contended) {
  KGUARDED_MUTEX mutex;
  KeInitializeGuardedMutex(&mutex);
  int count = 0;
  auto body = [&] {
    for (int i = 0; i < 2000; ++i) {
      KeAcquireGuardedMutex(&mutex);
      ++count;
      KeReleaseGuardedMutex(&mutex);
    }
  };
  {
    TestThread a(body);
    TestThread b(body);
    TestThread c(body);
  }
  EXPECT_EQ(count, 6000);
}

TEST_F(GuardedMutexDeathTest, UnsafeWithApcsEnabled) {
  EXPECT_BUGCHECK(
      {
        KGUARDED_MUTEX mutex;
        KeInitializeGuardedMutex(&mutex);
        KeAcquireGuardedMutexUnsafe(&mutex);
      },
      "DRIVER_VERIFIER_DETECTED_VIOLATION");
}

TEST_F(ExtendedStateDeathTest, RestoredAtAnotherIrql) {
  KFLOATING_SAVE save;
  EXPECT_EQ(KeSaveFloatingPointState(&save), STATUS_SUCCESS);
  EXPECT_EQ(KeRestoreFloatingPointState(&save), STATUS_SUCCESS);
  EXPECT_BUGCHECK(
      {
        KeSaveFloatingPointState(&save);
        KeRaiseIrqlToDpcLevel();
        KeRestoreFloatingPointState(&save);
      },
      "IRQL_UNEXPECTED_VALUE");
}

TEST_F(ThreadTest, PriorityIsKept) {
  PKTHREAD thread = KeGetCurrentThread();
  const KPRIORITY before = KeSetPriorityThread(thread, LOW_REALTIME_PRIORITY);
  EXPECT_EQ(KeQueryPriorityThread(thread), LOW_REALTIME_PRIORITY);
  EXPECT_EQ(KeSetPriorityThread(thread, before), LOW_REALTIME_PRIORITY);
}

TEST_F(ThreadTest, AffinityIsKept) {
  EXPECT_EQ(KeSetSystemAffinityThreadEx(1), 0u);
  KeRevertToUserAffinityThreadEx(0);
  EXPECT_EQ(CurrentThread()->affinity, ActiveProcessorMask());
}

TEST_F(ThreadTest, LinuxThreadsGetAndLoseTheirThreadObject) {
  PKTHREAD before = CurrentThread();
  TestThread other([&] { EXPECT_NE(CurrentThread(), before); });
  other.Join();
  EXPECT_EQ(CurrentThread(), before);
  Shutdown();
  EXPECT_EQ(CurrentThreadOrNull(), nullptr);
}

TEST_F(ProcessorTest, NumbersAndIndexesAgree) {
  PROCESSOR_NUMBER number;
  EXPECT_EQ(KeGetProcessorNumberFromIndex(KeQueryActiveProcessorCount(nullptr), &number),
            STATUS_INVALID_PARAMETER);
  ASSERT_EQ(KeGetProcessorNumberFromIndex(0, &number), STATUS_SUCCESS);
  EXPECT_EQ(KeGetProcessorIndexFromNumber(&number), 0u);
  EXPECT_LT(KeGetCurrentProcessorNumberEx(&number), KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS));
  EXPECT_EQ(KeQueryActiveProcessorCountEx(1), 0u);
}

ULONG_PTR CountCall(ULONG_PTR count) {
  EXPECT_EQ(KeGetCurrentIrql(), IPI_LEVEL);
  return static_cast<ULONG_PTR>(++*reinterpret_cast<int*>(count));
}

TEST_F(ProcessorTest, BroadcastRunsForEach) {
  int count = 0;
  EXPECT_EQ(KeIpiGenericCall(CountCall, reinterpret_cast<ULONG_PTR>(&count)), ProcessorCount());
  EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

VOID NoteProcessor(PVOID context, PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT, PNTSTATUS) {
  ++*static_cast<ULONG*>(context);
}

TEST_F(ProcessorTest, ChangeCallbackHearsOfThoseThatExist) {
  ULONG calls = 0;
  PVOID handle = KeRegisterProcessorChangeCallback(NoteProcessor, &calls, KE_PROCESSOR_CHANGE_ADD_EXISTING);
  ASSERT_NE(handle, nullptr);
  EXPECT_EQ(calls, 2 * ProcessorCount());
  KeDeregisterProcessorChangeCallback(handle);
}

TEST_F(TimeTest, ClocksGoForward) {
  LARGE_INTEGER frequency;
  const LARGE_INTEGER first = KeQueryPerformanceCounter(&frequency);
  KeStallExecutionProcessor(100);
  const LARGE_INTEGER second = KeQueryPerformanceCounter(nullptr);
  EXPECT_GE((second.QuadPart - first.QuadPart) * 1'000'000 / frequency.QuadPart, 100);
  ULONG64 stamp;
  EXPECT_GE(KeQueryInterruptTimePrecise(&stamp), static_cast<ULONG64>(second.QuadPart));
}

}  // namespace
}  // namespace ring3::ke
