// SPDX-License-Identifier: MIT
#pragma once

#include <ring3/test.h>

#include <string>
#include <utility>
#include <vector>

#include "base/leak_report.h"
#include "ex/init.h"
#include "ke/init.h"
#include "mm/init.h"
#include "os/init.h"

namespace ring3::mm {

// The memory manager with what it stands on, and the pool; nothing above. Ends with nothing left.
class MemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(os::Initialize({}).ok());
    ASSERT_TRUE(ke::Initialize({}).ok());
    ASSERT_TRUE(mm::Initialize({}).ok());
    ASSERT_TRUE(ex::Initialize({}).ok());
  }
  void TearDown() override {
    for (const std::string& leak : Shutdown()) {
      if (!expect_leaks_) ADD_FAILURE() << "left: " << leak;
    }
  }
  // For a test of leaking itself.
  void ExpectLeaks() { expect_leaks_ = true; }
  std::vector<std::string> Shutdown() {
    LeakReport report;
    if (!std::exchange(down_, true)) {
      ex::Shutdown(report);
      mm::Shutdown(report);
      ke::Shutdown(report);
      os::Shutdown(report);
    }
    return report.lines();
  }

 private:
  bool down_ = false;
  bool expect_leaks_ = false;
};

}  // namespace ring3::mm
