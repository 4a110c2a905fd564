// SPDX-License-Identifier: MIT
#include <ddi/ke_dispatcher.h>

#include "ex/ex_test.h"

namespace ring3::ex {
namespace {

using TimerResolutionTest = ExTest;

TEST_F(TimerResolutionTest, TheFinestRequestHoldsUntilTheLastIsTakenBack) {
  ULONG coarsest, finest, current;
  ExQueryTimerResolution(&coarsest, &finest, &current);
  EXPECT_EQ(current, coarsest);
  EXPECT_LT(finest, coarsest);
  EXPECT_EQ(ExSetTimerResolution(10000, TRUE), 10000u);
  EXPECT_EQ(ExSetTimerResolution(20000, TRUE), 10000u);
  EXPECT_EQ(ExSetTimerResolution(1, TRUE), finest);
  EXPECT_EQ(ExSetTimerResolution(0, FALSE), finest);
  EXPECT_EQ(ExSetTimerResolution(0, FALSE), finest);
  EXPECT_EQ(ExSetTimerResolution(0, FALSE), coarsest);
  EXPECT_EQ(ExSetTimerResolution(0, FALSE), coarsest);
}

TEST_F(TimerResolutionTest, ABootBeginsWithTheDefault) {
  ASSERT_EQ(ExSetTimerResolution(10000, TRUE), 10000u);
  EXPECT_TRUE(Shutdown().empty());
  Boot();
  ULONG coarsest, finest, current;
  ExQueryTimerResolution(&coarsest, &finest, &current);
  EXPECT_EQ(current, coarsest);
}

}  // namespace
}  // namespace ring3::ex
