// SPDX-License-Identifier: MIT
#include "os/guarded_copy.h"

#include <gtest/gtest.h>
#include <string.h>
#include <sys/mman.h>

#include "os/fault_handler.h"

namespace {

using namespace ring3::os;

constexpr size_t kPage = 4096;

class GuardedCopyTest : public testing::Test {
 protected:
  void SetUp() override {
    InstallFaultHandlers();
    pages_ = static_cast<unsigned char*>(
        mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(pages_ + kPage, kPage, PROT_NONE);
  }
  void TearDown() override {
    munmap(pages_, 2 * kPage);
    RemoveFaultHandlers();
  }
  unsigned char* pages_;
};

TEST_F(GuardedCopyTest, CopiesEveryLengthAndNoByteMore) {
  unsigned char source[1200], target[1300];
  for (size_t i = 0; i < sizeof(source); ++i) source[i] = static_cast<unsigned char>(i * 7 + 1);
  for (size_t length = 0; length <= sizeof(source); ++length) {
    memset(target, 0, sizeof(target));
    ASSERT_TRUE(GuardedCopy(target, source, length));
    ASSERT_EQ(memcmp(target, source, length), 0) << length;
    ASSERT_EQ(target[length], 0) << length;
  }
}

TEST_F(GuardedCopyTest, TouchesNothingBeyondTheEnd) {
  unsigned char target[600];
  for (size_t length = 0; length <= 600; ++length) {
    ASSERT_TRUE(GuardedCopy(target, pages_ + kPage - length, length)) << length;
    ASSERT_TRUE(GuardedCopy(pages_ + kPage - length, target, length)) << length;
  }
}

TEST_F(GuardedCopyTest, SaysWhereItFailed) {
  unsigned char local[1000];
  for (size_t length : {1, 2, 4, 8, 16, 31, 32, 64, 512, 513, 1000}) {
    uintptr_t where = 0;
    ASSERT_FALSE(GuardedCopy(local, pages_ + kPage - length + 1, length, &where)) << length;
    EXPECT_GE(where, reinterpret_cast<uintptr_t>(pages_));
    EXPECT_LE(where, reinterpret_cast<uintptr_t>(pages_ + kPage));
    ASSERT_FALSE(GuardedCopy(pages_ + kPage - length + 1, local, length, &where)) << length;
  }
  EXPECT_FALSE(GuardedCopy(local, reinterpret_cast<void*>(0x8000000000000000), 8));
  EXPECT_FALSE(GuardedFill(pages_ + kPage, 1, 8));
  EXPECT_TRUE(GuardedFill(pages_, 9, kPage));
  EXPECT_EQ(pages_[kPage - 1], 9);
}

TEST_F(GuardedCopyTest, ProbesByteWise) {
  uint8_t value = 0;
  pages_[5] = 77;
  EXPECT_TRUE(GuardedReadByte(pages_ + 5, &value));
  EXPECT_EQ(value, 77);
  EXPECT_FALSE(GuardedReadByte(pages_ + kPage));
  EXPECT_TRUE(GuardedProbeWriteByte(pages_ + 5));
  EXPECT_EQ(pages_[5], 77);
  mprotect(pages_, kPage, PROT_READ);
  EXPECT_FALSE(GuardedProbeWriteByte(pages_ + 5));
  EXPECT_TRUE(GuardedReadByte(pages_ + 5));
}

unsigned char* g_lazy;
bool FillLazily(const MemoryFault& fault) {
  if (fault.address < reinterpret_cast<uintptr_t>(g_lazy) ||
      fault.address >= reinterpret_cast<uintptr_t>(g_lazy) + kPage)
    return false;
  return mprotect(g_lazy, kPage, PROT_READ | PROT_WRITE) == 0;
}

TEST_F(GuardedCopyTest, MemoryHooksFillFirst) {
  g_lazy = pages_ + kPage;
  ASSERT_TRUE(AddMemoryFaultHook(FillLazily));
  uint8_t value = 1;
  EXPECT_TRUE(GuardedReadByte(g_lazy, &value));
  EXPECT_EQ(value, 0);
  mprotect(g_lazy, kPage, PROT_NONE);
  *g_lazy = 4;
  EXPECT_EQ(*g_lazy, 4);
  RemoveMemoryFaultHook(FillLazily);
}

}  // namespace
