// SPDX-License-Identifier: MIT
#include <ddi/ex_ntifs.h>

#include <cstring>

#include "ex/ex_test.h"
#include "ex/pool_asan.h"

// What AddressSanitizer would report first is left to it.
#define SKIP_UNDER_ASAN() \
  if (AsanPresent()) GTEST_SKIP() << "AddressSanitizer reports it first"

namespace ring3::ex {
namespace {

constexpr ULONG kTag = 'tseT';

class PoolDeathTest : public ExTest {};
class SpecialPoolDeathTest : public ExTest {
 protected:
  BootOptions Options() override {
    BootOptions options;
    options.special_pool = true;
    return options;
  }
};

char* Allocate(size_t size, POOL_TYPE type = NonPagedPoolNx) {
  return static_cast<char*>(ExAllocatePoolWithTag(type, size, kTag));
}
void FreeTwice(void* p) {
  ExFreePoolWithTag(p, kTag);
  ExFreePoolWithTag(p, kTag);
}
void Overrun(size_t size) {
  char* p = Allocate(size);
  *const_cast<volatile char*>(p + size) = 0x42;
  ExFreePoolWithTag(p, kTag);
}

TEST_F(PoolDeathTest, FreeingTwice) {
  EXPECT_BUGCHECK(FreeTwice(Allocate(64)), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(FreeTwice(Allocate(kPageSize)), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(FreeTwice(Allocate(5 * kPageSize)), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(FreeTwice(ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_CACHE_ALIGNED, 100, kTag)),
                  "BAD_POOL_CALLER");
}

TEST_F(PoolDeathTest, FreeingWithTheWrongTag) {
  EXPECT_BUGCHECK(ExFreePoolWithTag(Allocate(64), 'gnrW'), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(ExFreePoolWithTag(Allocate(kPageSize), 'gnrW'), "BAD_POOL_CALLER");
}

TEST_F(PoolDeathTest, FreeingWhatIsNoBlock) {
  int local = 0;
  EXPECT_BUGCHECK(ExFreePool(nullptr), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(ExFreePool(&local), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(ExFreePool(reinterpret_cast<void*>(mm::kSystemBase + 0x40000000)), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(ExFreePool(Allocate(256) + 32), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(ExFreePool(Allocate(256) + 1), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(ExFreePool(Allocate(2 * kPageSize) + kPageSize), "BAD_POOL_CALLER");
}

TEST_F(PoolDeathTest, WritingPastABlock) {
  SKIP_UNDER_ASAN();
  EXPECT_BUGCHECK(Overrun(64), "BAD_POOL_HEADER");
  EXPECT_BUGCHECK(Overrun(61), "BAD_POOL_HEADER");
  EXPECT_BUGCHECK(Overrun(kPageSize + 100), "BAD_POOL_HEADER");
}

TEST_F(PoolDeathTest, WritingIntoANeighboursHeader) {
  SKIP_UNDER_ASAN();
  EXPECT_BUGCHECK(
      {
        char* p = Allocate(64);
        std::memset(p - 16, 0, 8);
        ExFreePool(p);
      },
      "BAD_POOL_HEADER");
}

#if RING3_CHECKED
TEST_F(PoolDeathTest, WritingIntoAFreedBlockIsSeenWhenItIsGivenOutAgain) {
  SKIP_UNDER_ASAN();
  EXPECT_BUGCHECK(
      {
        char* p = Allocate(64);
        ExFreePool(p);
        *const_cast<volatile char*>(p + 8) = 1;
        for (int i = 0; i < 1000; ++i) Allocate(64);
      },
      "BAD_POOL_HEADER");
}

TEST_F(PoolDeathTest, TheReportNamesTheBlockAndItsOwner) {
  EXPECT_BUGCHECK(FreeTwice(Allocate(64)), "pool block of 64 bytes.*tag 'Test'");
}
#endif

TEST_F(PoolDeathTest, WrongIrql) {
  EXPECT_BUGCHECK(
      {
        RaiseTo(DISPATCH_LEVEL);
        Allocate(64, PagedPool);
      },
      "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(
      {
        RaiseTo(HIGH_LEVEL);
        Allocate(64);
      },
      "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(
      {
        char* p = Allocate(64, PagedPool);
        RaiseTo(DISPATCH_LEVEL);
        ExFreePool(p);
      },
      "BAD_POOL_CALLER");
}

TEST_F(PoolDeathTest, RequestsThatAreNoLongerSupported) {
  EXPECT_BUGCHECK(Allocate(64, NonPagedPoolMustSucceed), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(ExAllocatePoolWithTag(PagedPool, 64, 0), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(ExAllocatePoolWithTag(PagedPool, 64, 'GIB'), "BAD_POOL_CALLER");
}

TEST_F(SpecialPoolDeathTest, AnOverrunFaultsAtOnce) {
  SKIP_UNDER_ASAN();
  EXPECT_BUGCHECK(*const_cast<volatile char*>(Allocate(64) + 64) = 1,
                  "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION");
  EXPECT_BUGCHECK(*const_cast<volatile char*>(Allocate(kPageSize) + kPageSize) = 1,
                  "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION");
}

TEST_F(SpecialPoolDeathTest, AWriteInFrontIsSeenAtTheFree) {
  SKIP_UNDER_ASAN();
  EXPECT_BUGCHECK(
      {
        char* p = Allocate(64);
        *const_cast<volatile char*>(p - 1) = 1;
        ExFreePool(p);
      },
      "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION");
  EXPECT_BUGCHECK(
      {
        char* p = Allocate(61);
        *const_cast<volatile char*>(p + 61) = 1;
        ExFreePool(p);
      },
      "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION");
}

TEST_F(SpecialPoolDeathTest, AUseAfterFreeFaults) {
  SKIP_UNDER_ASAN();
  EXPECT_BUGCHECK(
      {
        char* p = Allocate(64);
        ExFreePool(p);
        *const_cast<volatile char*>(p) = 1;
      },
      "PAGE_FAULT_IN_FREED_SPECIAL_POOL");
}

TEST_F(SpecialPoolDeathTest, FreeingTwice) {
  EXPECT_BUGCHECK(FreeTwice(Allocate(64)), "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION");
}

TEST_F(SpecialPoolDeathTest, VerifierRefusesZeroBytesAndUntellingTags) {
  EXPECT_BUGCHECK(Allocate(0), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(ExAllocatePoolWithTag(PagedPool, 64, '....'), "BAD_POOL_CALLER");
}

}  // namespace
}  // namespace ring3::ex
