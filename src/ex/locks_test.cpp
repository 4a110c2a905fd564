// SPDX-License-Identifier: MIT
#include <ddi/ex_ntddk.h>
#include <ntstatus.h>

#include <atomic>
#include <memory>

#include "ex/ex_test.h"

namespace ring3::ex {
namespace {

class LocksTest : public ExTest {};
using LocksDeathTest = LocksTest;

constexpr int kThreads = 4;
constexpr int kRounds = 5000;

TEST_F(LocksTest, FastMutexExcludesAndRaisesToApcLevel) {
  static FAST_MUTEX mutex;
  ExInitializeFastMutex(&mutex);
  static int count;
  count = 0;
  InThreads(kThreads, [](int) {
    for (int i = 0; i < kRounds; ++i) {
      ExAcquireFastMutex(&mutex);
      ASSERT_EQ(KeGetCurrentIrql(), APC_LEVEL);
      ++count;
      ExReleaseFastMutex(&mutex);
      ASSERT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    }
  });
  EXPECT_EQ(count, kThreads * kRounds);
  ASSERT_TRUE(ExTryToAcquireFastMutex(&mutex));
  InThreads(1, [](int) { EXPECT_FALSE(ExTryToAcquireFastMutex(&mutex)); });
  ExReleaseFastMutex(&mutex);
}

TEST_F(LocksTest, UnsafeFastMutexLeavesTheIrql) {
  FAST_MUTEX mutex;
  ExInitializeFastMutex(&mutex);
  ExAcquireFastMutexUnsafe(&mutex);
  EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
  ExReleaseFastMutexUnsafe(&mutex);
}

TEST_F(LocksDeathTest, FastMutexMisuse) {
  static FAST_MUTEX mutex;
  ExInitializeFastMutex(&mutex);
  EXPECT_BUGCHECK(
      {
        ExAcquireFastMutex(&mutex);
        ExAcquireFastMutex(&mutex);
      },
      "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK(
      {
        RaiseTo(APC_LEVEL);
        ExReleaseFastMutex(&mutex);
      },
      "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK(
      {
        RaiseTo(DISPATCH_LEVEL);
        ExAcquireFastMutex(&mutex);
      },
      "DRIVER_VERIFIER_DETECTED_VIOLATION");
}

TEST_F(LocksTest, PushLockExcludesWritersAndAdmitsReaders) {
  static EX_PUSH_LOCK lock;
  ExInitializePushLock(&lock);
  static int a;
  static int b;
  static std::atomic<int> readers;
  a = b = 0;
  InThreads(kThreads, [](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      KeEnterCriticalRegion();
      if ((i + thread) % 3 == 0) {
        ExAcquirePushLockExclusive(&lock);
        ASSERT_EQ(readers, 0);
        ++a;
        ++b;
        ExReleasePushLockExclusive(&lock);
      } else {
        ExAcquirePushLockShared(&lock);
        ++readers;
        ASSERT_EQ(a, b);
        --readers;
        ExReleasePushLockShared(&lock);
      }
      KeLeaveCriticalRegion();
    }
  });
  EXPECT_EQ(lock, 0u);
}

TEST_F(LocksDeathTest, PushLockReleasedButNotHeld) {
  EX_PUSH_LOCK lock = 0;
  EXPECT_BUGCHECK(ExReleasePushLockExclusive(&lock), "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK(ExReleasePushLockShared(&lock), "DRIVER_VERIFIER_DETECTED_VIOLATION");
}

class ResourceTest : public ExTest {
 protected:
  void SetUp() override {
    ExTest::SetUp();
    ASSERT_EQ(ExInitializeResourceLite(&resource_), STATUS_SUCCESS);
  }
  void TearDown() override {
    EXPECT_EQ(ExDeleteResourceLite(&resource_), STATUS_SUCCESS);
    ExTest::TearDown();
  }
  ERESOURCE resource_;
};
using ResourceDeathTest = ResourceTest;

TEST_F(ResourceTest, ExclusiveIsRecursiveAndKeepsOthersOut) {
  EXPECT_TRUE(ExAcquireResourceExclusiveLite(&resource_, TRUE));
  EXPECT_TRUE(ExAcquireResourceExclusiveLite(&resource_, FALSE));
  EXPECT_TRUE(ExAcquireResourceSharedLite(&resource_, FALSE));
  EXPECT_TRUE(ExIsResourceAcquiredExclusiveLite(&resource_));
  EXPECT_EQ(ExIsResourceAcquiredSharedLite(&resource_), 3u);
  InThreads(1, [&](int) {
    EXPECT_FALSE(ExAcquireResourceExclusiveLite(&resource_, FALSE));
    EXPECT_FALSE(ExAcquireResourceSharedLite(&resource_, FALSE));
    EXPECT_FALSE(ExTryToAcquireResourceExclusiveLite(&resource_));
    EXPECT_EQ(ExIsResourceAcquiredSharedLite(&resource_), 0u);
  });
  for (int i = 0; i < 3; ++i) ExReleaseResourceLite(&resource_);
  EXPECT_EQ(ExIsResourceAcquiredSharedLite(&resource_), 0u);
}

TEST_F(ResourceTest, ManyThreadsShare) {
  std::atomic<int> inside{0};
  InThreads(12, [&](int) {
    ExEnterCriticalRegionAndAcquireResourceShared(&resource_);
    ++inside;
    while (inside < 12) std::this_thread::yield();
    ExReleaseResourceAndLeaveCriticalRegion(&resource_);
  });
  EXPECT_TRUE(ExTryToAcquireResourceExclusiveLite(&resource_));
  ExReleaseResourceLite(&resource_);
}

TEST_F(ResourceTest, ConvertingLetsSharersIn) {
  ASSERT_TRUE(ExAcquireResourceExclusiveLite(&resource_, TRUE));
  std::thread sharer([&] {
    EXPECT_TRUE(ExAcquireResourceSharedLite(&resource_, TRUE));
    ExReleaseResourceLite(&resource_);
  });
  while (ExGetSharedWaiterCount(&resource_) == 0) std::this_thread::yield();
  ExConvertExclusiveToSharedLite(&resource_);
  sharer.join();
  EXPECT_FALSE(ExIsResourceAcquiredExclusiveLite(&resource_));
  EXPECT_EQ(ExIsResourceAcquiredSharedLite(&resource_), 1u);
  ExReleaseResourceLite(&resource_);
}

TEST_F(ResourceTest, SharersStandBehindAnExclusiveWaiterUnlessTheyStarveIt) {
  ASSERT_TRUE(ExAcquireResourceSharedLite(&resource_, TRUE));
  std::thread writer([&] {
    EXPECT_TRUE(ExAcquireResourceExclusiveLite(&resource_, TRUE));
    ExReleaseResourceLite(&resource_);
  });
  while (ExGetExclusiveWaiterCount(&resource_) == 0) std::this_thread::yield();
  InThreads(1, [&](int) {
    EXPECT_FALSE(ExAcquireResourceSharedLite(&resource_, FALSE));
    EXPECT_FALSE(ExAcquireSharedWaitForExclusive(&resource_, FALSE));
    EXPECT_TRUE(ExAcquireSharedStarveExclusive(&resource_, FALSE));
    ExReleaseResourceLite(&resource_);
  });
  // Recursion goes on, except behind an exclusive waiter where that was asked for.
  EXPECT_TRUE(ExAcquireResourceSharedLite(&resource_, FALSE));
  EXPECT_FALSE(ExAcquireSharedWaitForExclusive(&resource_, FALSE));
  ExReleaseResourceLite(&resource_);
  ExReleaseResourceLite(&resource_);
  writer.join();
}

TEST_F(ResourceTest, AnOwnerPointerIsReleasedByAnyThread) {
  static ULONG_PTR storage;
  const auto owner = reinterpret_cast<ULONG_PTR>(&storage) | 3;
  ASSERT_TRUE(ExAcquireResourceExclusiveLite(&resource_, TRUE));
  ExSetResourceOwnerPointer(&resource_, reinterpret_cast<PVOID>(owner));
  EXPECT_FALSE(ExIsResourceAcquiredExclusiveLite(&resource_));
  InThreads(1, [&](int) { ExReleaseResourceForThreadLite(&resource_, owner); });
  EXPECT_TRUE(ExTryToAcquireResourceExclusiveLite(&resource_));
  ExReleaseResourceLite(&resource_);
  EXPECT_EQ(ExReinitializeResourceLite(&resource_), STATUS_SUCCESS);
}

TEST_F(ResourceTest, ReadersSeeWholeUpdates) {
  int a = 0;
  int b = 0;
  InThreads(kThreads, [&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      KeEnterCriticalRegion();
      if ((i + thread) % 4 == 0) {
        ExAcquireResourceExclusiveLite(&resource_, TRUE);
        ++a;
        ++b;
      } else {
        ExAcquireResourceSharedLite(&resource_, TRUE);
        ASSERT_EQ(a, b);
      }
      ExReleaseResourceLite(&resource_);
      KeLeaveCriticalRegion();
    }
  });
  EXPECT_EQ(a, kThreads * kRounds / 4);
}

TEST_F(ResourceDeathTest, Misuse) {
  EXPECT_BUGCHECK(ExReleaseResourceLite(&resource_), "RESOURCE_NOT_OWNED");
  EXPECT_BUGCHECK(
      {
        ExAcquireResourceSharedLite(&resource_, TRUE);
        ExAcquireResourceExclusiveLite(&resource_, TRUE);
      },
      "DRIVER_VERIFIER_DETECTED_VIOLATION");
  ERESOURCE never = {};
  EXPECT_BUGCHECK(ExDeleteResourceLite(&never), "DRIVER_VERIFIER_DETECTED_VIOLATION");
}

TEST_F(LocksTest, RundownWaitsForItsHoldersAndRefusesNewOnes) {
  EX_RUNDOWN_REF ref;
  ExInitializeRundownProtection(&ref);
  ASSERT_TRUE(ExAcquireRundownProtection(&ref));
  ASSERT_TRUE(ExAcquireRundownProtectionEx(&ref, 2));
  std::atomic<bool> gone{false};
  std::thread owner([&] {
    ExWaitForRundownProtectionRelease(&ref);
    gone = true;
  });
  while (ExAcquireRundownProtection(&ref)) ExReleaseRundownProtection(&ref);
  ExReleaseRundownProtection(&ref);
  EXPECT_FALSE(gone);
  ExReleaseRundownProtectionEx(&ref, 2);
  owner.join();
  EXPECT_FALSE(ExAcquireRundownProtection(&ref));
  ExRundownCompleted(&ref);
  ExReInitializeRundownProtection(&ref);
  EXPECT_TRUE(ExAcquireRundownProtection(&ref));
  ExReleaseRundownProtection(&ref);
}

TEST_F(LocksTest, CacheAwareRundownCountsAcrossProcessors) {
  PEX_RUNDOWN_REF_CACHE_AWARE ref = ExAllocateCacheAwareRundownProtection(NonPagedPoolNx, 'dnuR');
  ASSERT_NE(ref, nullptr);
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> alive{true};
    std::atomic<int> started{0};
    std::vector<std::thread> users;
    for (int i = 0; i < 3; ++i) {
      users.emplace_back([&] {
        while (ExAcquireRundownProtectionCacheAware(ref)) {
          ++started;
          ASSERT_TRUE(alive);
          ExReleaseRundownProtectionCacheAware(ref);
        }
      });
    }
    while (started < 100) std::this_thread::yield();
    ExWaitForRundownProtectionReleaseCacheAware(ref);
    alive = false;
    for (std::thread& user : users) user.join();
    ExReInitializeRundownProtectionCacheAware(ref);
  }
  ExRundownCompletedCacheAware(ref);
  ExFreeCacheAwareRundownProtection(ref);
}

}  // namespace
}  // namespace ring3::ex
