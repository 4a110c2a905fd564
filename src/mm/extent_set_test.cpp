// SPDX-License-Identifier: MIT
#include "mm/extent_set.h"

#include <gtest/gtest.h>

namespace ring3::mm {
namespace {

TEST(ExtentSet, AllocatesFirstFitAndCoalesces) {
  ExtentSet set;
  set.Free(10, 10);
  set.Free(30, 10);
  uint64_t a, b, c;
  ASSERT_TRUE(set.Allocate({.count = 4}, &a));
  ASSERT_TRUE(set.Allocate({.count = 8}, &b));
  EXPECT_EQ(a, 10u);
  EXPECT_EQ(b, 30u);
  EXPECT_FALSE(set.Allocate({.count = 7}, &c));
  set.Free(a, 4);
  ASSERT_TRUE(set.Allocate({.count = 10}, &c));
  EXPECT_EQ(c, 10u);
  EXPECT_EQ(set.free_count(), 2u);
}

TEST(ExtentSet, KeepsLimits) {
  ExtentSet set;
  set.Free(1, 99);
  uint64_t at;
  ASSERT_TRUE(set.Allocate({.count = 5, .lowest = 20, .highest = 40}, &at));
  EXPECT_EQ(at, 20u);
  EXPECT_FALSE(set.Allocate({.count = 17, .lowest = 20, .highest = 40}, &at));
  ASSERT_TRUE(set.Allocate({.count = 16, .lowest = 20, .highest = 40}, &at));
  EXPECT_EQ(at, 25u);
  ASSERT_TRUE(set.Allocate({.count = 8, .alignment = 8}, &at));
  EXPECT_EQ(at, 8u);
  ASSERT_TRUE(set.Allocate({.count = 10, .lowest = 60, .boundary = 64}, &at));
  EXPECT_EQ(at, 64u);
}

TEST(ExtentSet, TellsOverlaps) {
  ExtentSet set;
  set.Free(10, 10);
  EXPECT_TRUE(set.Overlaps(19, 5));
  EXPECT_TRUE(set.Overlaps(0, 11));
  EXPECT_FALSE(set.Overlaps(20, 5));
  EXPECT_FALSE(set.Overlaps(0, 10));
  set.Remove(12, 4);
  EXPECT_FALSE(set.Overlaps(12, 4));
  EXPECT_TRUE(set.Overlaps(16, 1));
  EXPECT_EQ(set.free_count(), 6u);
}

}  // namespace
}  // namespace ring3::mm
