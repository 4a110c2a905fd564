// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "ex/init.h"
#include "ex/pool.h"
#include "ke/init.h"
#include "ke/kthread.h"
#include "mm/init.h"
#include "mm/layout.h"
#include "os/init.h"
#include "ring3/test.h"

namespace ring3::ex {

// A test on executive support and what lies below it, and nothing above. Ends with nothing left.
class ExTest : public ::testing::Test {
 protected:
  void SetUp() override { Boot(); }
  void TearDown() override {
    for (const std::string& leak : Shutdown()) ADD_FAILURE() << "left: " << leak;
  }
  virtual BootOptions Options() { return {}; }

  void Boot() {
    const BootOptions options = Options();
    ASSERT_TRUE(os::Initialize(options).ok());
    ASSERT_TRUE(ke::Initialize(options).ok());
    ASSERT_TRUE(mm::Initialize(options).ok());
    ASSERT_TRUE(ex::Initialize(options).ok());
    ke::CurrentThread()->kernel_depth = 1;
    up_ = true;
  }
  std::vector<std::string> Shutdown() {
    if (!up_) return {};
    up_ = false;
    LeakReport leaks;
    ex::Shutdown(leaks);
    mm::Shutdown(leaks);
    ke::Shutdown(leaks);
    os::Shutdown(leaks);
    return leaks.lines();
  }

  // Runs `body` in `count` threads at once.
  static void InThreads(int count, const std::function<void(int)>& body) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
    for (std::thread& thread : threads) thread.join();
  }

 private:
  bool up_ = false;
};

// For use in death tests: raises the calling thread's IRQL for good.
inline void RaiseTo(KIRQL irql) {
  KIRQL old_irql;
  KeRaiseIrql(irql, &old_irql);
}

}  // namespace ring3::ex
