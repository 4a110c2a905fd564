// SPDX-License-Identifier: MIT
#include "mm/gate.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace ring3::mm {
namespace {

TEST(GateTest, NobodyIsInsideWhileItIsClosed) {
  Gate gate;
  std::atomic<bool> stop{false};
  uint64_t guarded = 0;  // read inside, written while it is closed
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        if (!gate.TryEnter()) {
          gate.WaitUntilOpen();
          continue;
        }
        const uint64_t before = guarded;
        std::this_thread::yield();
        EXPECT_EQ(guarded, before);
        gate.Leave();
      }
    });
  }
  for (int i = 0; i < 2000; ++i) {
    gate.Close();
    EXPECT_FALSE(gate.TryEnter());
    ++guarded;
    gate.Open();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(gate.TryEnter());
  gate.Leave();
}

}  // namespace
}  // namespace ring3::mm
