// SPDX-License-Identifier: MIT
#include <atomic>
#include <vector>

#include "ke/kernel_test.h"

namespace ring3::ke {
namespace {

using IrqlTest = KernelTest;
using SpinLockTest = KernelTest;
using SpinLockDeathTest = KernelTest;

TEST_F(IrqlTest, RaisesAndLowers) {
  EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
  KIRQL old_irql;
  KeRaiseIrql(APC_LEVEL, &old_irql);
  EXPECT_EQ(old_irql, PASSIVE_LEVEL);
  EXPECT_EQ(KeRaiseIrqlToDpcLevel(), APC_LEVEL);
  EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
  KeLowerIrql(APC_LEVEL);
  KeLowerIrql(old_irql);
  EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

TEST_F(IrqlTest, IsEachThreadsOwn) {
  KIRQL old_irql = KeRaiseIrqlToDpcLevel();
  TestThread([] { EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL); }).Join();
  KeLowerIrql(old_irql);
}

TEST_F(IrqlTest, RegionsDisableApcs) {
  EXPECT_FALSE(KeAreApcsDisabled());
  KeEnterCriticalRegion();
  EXPECT_TRUE(KeAreApcsDisabled());
  EXPECT_FALSE(KeAreAllApcsDisabled());
  KeEnterGuardedRegion();
  EXPECT_TRUE(KeAreAllApcsDisabled());
  KeLeaveGuardedRegion();
  KeLeaveCriticalRegion();
  EXPECT_FALSE(KeAreApcsDisabled());
  const KIRQL old_irql = KfRaiseIrql(APC_LEVEL);
  EXPECT_FALSE(KeAreApcsDisabled());
  EXPECT_TRUE(KeAreAllApcsDisabled());
  KeLowerIrql(old_irql);
}

using IrqlDeathTest = KernelTest;

TEST_F(IrqlDeathTest, RaisingToLowerOrTooHigh) {
  EXPECT_BUGCHECK(
      {
        KeRaiseIrqlToDpcLevel();
        KfRaiseIrql(APC_LEVEL);
      },
      "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK(KfRaiseIrql(HIGH_LEVEL + 1), "DRIVER_VERIFIER_DETECTED_VIOLATION");
}

TEST_F(IrqlDeathTest, LoweringToHigher) {
  EXPECT_BUGCHECK(KeLowerIrql(APC_LEVEL), "DRIVER_VERIFIER_DETECTED_VIOLATION");
}

TEST_F(IrqlDeathTest, LeavingARegionThatWasNotEntered) {
  EXPECT_BUGCHECK(KeLeaveCriticalRegion(), "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK(KeLeaveGuardedRegion(), "DRIVER_VERIFIER_DETECTED_VIOLATION");
}

TEST_F(SpinLockTest, RaisesToDispatchLevelAndBack) {
  KSPIN_LOCK lock;
  KeInitializeSpinLock(&lock);
  EXPECT_TRUE(KeTestSpinLock(&lock));
  KIRQL old_irql;
  KeAcquireSpinLock(&lock, &old_irql);
  EXPECT_EQ(old_irql, PASSIVE_LEVEL);
  EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
  EXPECT_FALSE(KeTestSpinLock(&lock));
  EXPECT_FALSE(KeTryToAcquireSpinLockAtDpcLevel(&lock));
  KeReleaseSpinLock(&lock, old_irql);
  EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

TEST_F(SpinLockTest, TriedOneIsReleasedLikeAnyOther) {
  KSPIN_LOCK lock = 0;
  const KIRQL old_irql = KeRaiseIrqlToDpcLevel();
  ASSERT_TRUE(KeTryToAcquireSpinLockAtDpcLevel(&lock));
  KeReleaseSpinLockFromDpcLevel(&lock);
  KeLowerIrql(old_irql);
}

TEST_F(SpinLockTest, ForDpcKeepsAHigherIrql) {
  KSPIN_LOCK lock = 0;
  const KIRQL from_passive = KeAcquireSpinLockForDpc(&lock);
  EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
  KeReleaseSpinLockForDpc(&lock, from_passive);
  EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
  const KIRQL old_irql = KeRaiseIrqlToDpcLevel();
  KeReleaseSpinLockForDpc(&lock, KeAcquireSpinLockForDpc(&lock));
  EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
  KeLowerIrql(old_irql);
}

template <typename Increment>
void Contend(Increment increment) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 5000; ++j) increment();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(SpinLockTest, Contended) {
  KSPIN_LOCK lock = 0;
  int count = 0;
  Contend([&] {
    KIRQL old_irql;
    KeAcquireSpinLock(&lock, &old_irql);
    ++count;
    KeReleaseSpinLock(&lock, old_irql);
  });
  EXPECT_EQ(count, 20000);
}

TEST_F(SpinLockTest, InStackQueuedContended) {
  KSPIN_LOCK lock = 0;
  int count = 0;
  Contend([&] {
    KLOCK_QUEUE_HANDLE handle;
    KeAcquireInStackQueuedSpinLock(&lock, &handle);
    ++count;
    KeReleaseInStackQueuedSpinLock(&handle);
  });
  EXPECT_EQ(count, 20000);
}

TEST_F(SpinLockTest, ReaderWriterContended) {
  EX_SPIN_LOCK lock = 0;
  int a = 0;
  int b = 0;
  std::atomic<int> turn{0};
  Contend([&] {
    if (turn.fetch_add(1) % 4 == 0) {
      const KIRQL old_irql = ExAcquireSpinLockExclusive(&lock);
      ++a;
      ++b;
      ExReleaseSpinLockExclusive(&lock, old_irql);
    } else {
      const KIRQL old_irql = ExAcquireSpinLockShared(&lock);
      EXPECT_EQ(a, b);
      ExReleaseSpinLockShared(&lock, old_irql);
    }
  });
  EXPECT_EQ(a, 5000);
}

TEST_F(SpinLockTest, OnlyTheLastReaderBecomesWriter) {
  EX_SPIN_LOCK lock = 0;
  const KIRQL old_irql = ExAcquireSpinLockShared(&lock);
  ExAcquireSpinLockSharedAtDpcLevel(&lock);
  EXPECT_FALSE(ExTryConvertSharedSpinLockExclusive(&lock));
  ExReleaseSpinLockSharedFromDpcLevel(&lock);
  EXPECT_TRUE(ExTryConvertSharedSpinLockExclusive(&lock));
  ExReleaseSpinLockExclusive(&lock, old_irql);
  EXPECT_EQ(lock, 0);
}

TEST_F(SpinLockDeathTest, Recursion) {
  EXPECT_BUGCHECK(
      {
        KSPIN_LOCK lock = 0;
        KeAcquireSpinLockRaiseToDpc(&lock);
        KeAcquireSpinLockAtDpcLevel(&lock);
      },
      "SPIN_LOCK_ALREADY_OWNED");
}

TEST_F(SpinLockDeathTest, ReleasingTwice) {
  EXPECT_BUGCHECK(
      {
        KSPIN_LOCK lock = 0;
        KeRaiseIrqlToDpcLevel();
        KeReleaseSpinLock(&lock, PASSIVE_LEVEL);
      },
      "SPIN_LOCK_NOT_OWNED");
}

TEST_F(SpinLockDeathTest, ReleasingAtPassiveLevel) {
  EXPECT_BUGCHECK(
      {
        KSPIN_LOCK lock = 0;
        KeReleaseSpinLock(&lock, PASSIVE_LEVEL);
      },
      "DRIVER_VERIFIER_DETECTED_VIOLATION");
}

TEST_F(SpinLockDeathTest, AcquiringAtDpcLevelFromPassive) {
  EXPECT_BUGCHECK(
      {
        KSPIN_LOCK lock = 0;
        KeAcquireSpinLockAtDpcLevel(&lock);
      },
      "DRIVER_VERIFIER_DETECTED_VIOLATION");
}

TEST_F(SpinLockDeathTest, LoweringTheIrqlWhileHoldingOne) {
  EXPECT_BUGCHECK(
      {
        KSPIN_LOCK lock = 0;
        KeAcquireSpinLockRaiseToDpc(&lock);
        KeLowerIrql(PASSIVE_LEVEL);
      },
      "SPIN_LOCK_ALREADY_OWNED");
}

}  // namespace
}  // namespace ring3::ke
