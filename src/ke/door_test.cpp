// SPDX-License-Identifier: MIT
#include "ke/door.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

namespace ring3::ke {
namespace {

// A thread that does one thing after the other, as it is told.
class Walker {
 public:
  Walker() : thread_([this] { Run(); }) {}
  ~Walker() {
    Do(nullptr);
    thread_.join();
  }
  void Do(std::function<void()> step) {
    step_ = std::move(step);
    wanted_.release();
    done_.acquire();
  }
  bool TryEnter() {
    bool admitted = false;
    Do([&] { admitted = TryEnterDoor(); });
    return admitted;
  }
  void Leave() { Do(LeaveDoor); }

 private:
  void Run() {
    for (bool more = true; more; done_.release()) {
      wanted_.acquire();
      more = step_ != nullptr;
      if (more) step_();
    }
  }

  std::binary_semaphore wanted_{0}, done_{0};
  std::function<void()> step_;
  std::thread thread_;
};

// Leaves the doors as they are before the first opening: other tests' threads come and go as they like.
class DoorTest : public testing::Test {
 protected:
  void TearDown() override {
    g_opening.store(0);
    t_door.opening = 0;
  }
};

TEST_F(DoorTest, WhoIsInsideIsSeen) {
  OpenDoors();
  Walker walker;
  EXPECT_FALSE(IsAnyoneElseInside());
  ASSERT_TRUE(walker.TryEnter());
  EXPECT_TRUE(IsAnyoneElseInside());
  CloseDoors();
  EXPECT_TRUE(IsAnyoneElseInside());
  walker.Leave();
  EXPECT_FALSE(IsAnyoneElseInside());
}

TEST_F(DoorTest, WhoClosesComesInAndNobodyElse) {
  OpenDoors();
  Walker known, stranger;
  ASSERT_TRUE(known.TryEnter());
  known.Leave();
  CloseDoors();
  EXPECT_FALSE(known.TryEnter());
  EXPECT_FALSE(stranger.TryEnter());
  EXPECT_FALSE(IsAnyoneElseInside());
  EXPECT_TRUE(TryEnterDoor());
  LeaveDoor();
}

TEST_F(DoorTest, AThreadOfAnEarlierOpeningStaysOutside) {
  OpenDoors();
  Walker known, stranger;
  ASSERT_TRUE(known.TryEnter());
  known.Leave();
  CloseDoors();
  OpenDoors();
  EXPECT_FALSE(known.TryEnter());
  EXPECT_TRUE(stranger.TryEnter());
  stranger.Leave();
  EXPECT_TRUE(TryEnterDoor());
  LeaveDoor();
  CloseDoors();
}

TEST_F(DoorTest, AThreadThatEndsIsInsideNoMore) {
  OpenDoors();
  std::thread([] { EXPECT_TRUE(TryEnterDoor()); }).join();
  CloseDoors();
  EXPECT_FALSE(IsAnyoneElseInside());
}

// What threads use inside may go when nobody is inside.
TEST_F(DoorTest, NobodyIsInsideAfterTheEnd) {
  constexpr int kThreads = 4, kRounds = 50;
  for (int round = 0; round < kRounds; ++round) {
    OpenDoors();
    struct Block {
      int visits = 0;
    };
    std::vector<std::unique_ptr<Block>> blocks(kThreads);
    std::vector<std::thread> threads;
    std::atomic<int> arrived{0};
    for (auto& block : blocks) {
      block = std::make_unique<Block>();
      threads.emplace_back([&arrived, block = block.get()] {
        for (bool first = true; TryEnterDoor(); first = false) {
          ++block->visits;
          LeaveDoor();
          if (first) ++arrived;
        }
      });
    }
    while (arrived != kThreads) std::this_thread::yield();
    CloseDoors();
    while (IsAnyoneElseInside()) std::this_thread::yield();
    for (auto& block : blocks) {
      EXPECT_GE(block->visits, 1);
      block.reset();
    }
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace ring3::ke
