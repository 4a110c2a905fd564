// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "mm/memory_test.h"
#include "mm/user_window.h"
#include "mm/window_test_client.h"

namespace ring3::mm {

// Drivers that access the memory of two clients at its addresses.
class UserWindowTest : public MemoryTest {
 protected:
  // Where the clients have memory and this process has none, under sanitizers neither.
  static constexpr uintptr_t kAt = 0x7a80'0000'0000;

  void SetUp() override {
    MemoryTest::SetUp();
    ASSERT_TRUE(StartUserWindow().ok());
    first_ = std::make_unique<WindowTestClient>(0);
    second_ = std::make_unique<WindowTestClient>(1);
  }
  void TearDown() override {
    first_.reset();
    second_.reset();
    EXPECT_EQ(GetUserWindowCounts().shown_runs, 0u);
    EXPECT_EQ(ke::g_window.load(), 0u);
    MemoryTest::TearDown();
  }

  static void Touch(uintptr_t address) { [[maybe_unused]] volatile uint8_t value = At(address); }

  std::unique_ptr<WindowTestClient> first_, second_;
};

}  // namespace ring3::mm
