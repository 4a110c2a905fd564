// SPDX-License-Identifier: MIT
#include "os/thread.h"

#include <gtest/gtest.h>

#include "os/clock.h"
#include "os/futex.h"

namespace {

using namespace ring3::os;

TEST(FutexTest, AWaitEndsByDeadlineOrChange) {
  std::atomic<uint32_t> word{1};
  EXPECT_EQ(FutexWait(word, 2), FutexResult::kChanged);
  EXPECT_EQ(FutexWait(word, 1, MonotonicNs() + 1'000'000), FutexResult::kTimedOut);
  EXPECT_EQ(FutexWait(word, 1, -5), FutexResult::kTimedOut);
}

struct PingPong {
  std::atomic<uint32_t> turn{0};
  int exchanged = 0;
};

TEST(ThreadTest, TwoThreadsTakeTurns) {
  PingPong game;
  constexpr int kTurns = 1000;
  auto other = Thread::Create(
      "a name that is too long",
      [](void* argument) {
        auto* game = static_cast<PingPong*>(argument);
        for (int i = 0; i < kTurns; ++i) {
          while (game->turn.load() != 1) FutexWait(game->turn, 0);
          ++game->exchanged;
          game->turn.store(0);
          FutexWakeOne(game->turn);
        }
      },
      &game);
  ASSERT_TRUE(other.ok());
  for (int i = 0; i < kTurns; ++i) {
    game.turn.store(1);
    FutexWakeOne(game.turn);
    while (game.turn.load() != 0) FutexWait(game.turn, 1);
  }
  other->Join();
  EXPECT_EQ(game.exchanged, kTurns);
}

TEST(ThreadTest, Processors) {
  EXPECT_GE(ProcessorCount(), 1u);
  EXPECT_LT(CurrentProcessor(), ProcessorCount());
  EXPECT_TRUE(SetCurrentThreadAffinity(1));
  EXPECT_EQ(CurrentProcessor(), 0u);
  EXPECT_TRUE(SetCurrentThreadAffinity(~0ull));
}

TEST(ClockTest, SystemTimeCountsFrom1601) {
  // 2020-01-01 in 100 ns units.
  EXPECT_GT(SystemTime100ns(), 132'223'104'000'000'000);
  EXPECT_GE(MonotonicNs(), CoarseMonotonicNs());
}

}  // namespace
