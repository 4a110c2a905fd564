// SPDX-License-Identifier: MIT
#include "transport/channel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "os/clock.h"

namespace ring3::transport {
namespace {

constexpr int64_t kMillisecond = 1'000'000;
constexpr uint32_t kNobodysTurn = 77;

// An application that writes to its channel out of turn.
class ChannelTest : public testing::Test {
 protected:
  const std::unique_ptr<Channel> channel_ = std::make_unique<Channel>();
  SideState turns_;
};

TEST_F(ChannelTest, AWaitIsOverAtTheDeadline) {
  channel_->turn = kNobodysTurn;
  EXPECT_EQ(AwaitTurn(*channel_, Side::kHost, turns_, os::MonotonicNs() + kMillisecond), kNobodysTurn);
}

TEST_F(ChannelTest, AWaitIsOverWhenTheHostSaysSoThoughTheChannelIsOpenAgain) {
  const std::atomic<bool> is_over{true};
  turns_.is_over = &is_over;
  Close(*channel_);
  channel_->turn = kNobodysTurn;
  EXPECT_EQ(AwaitTurn(*channel_, Side::kHost, turns_), kClosed);
}

}  // namespace
}  // namespace ring3::transport
