// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/boot_options.h"
#include "ring3/executive.h"

namespace ring3 {

// A test that runs on a freshly booted executive and ends with nothing left: no handle, pool byte, locked
// page, mapping, IRP, section or thread. The test's thread is a thread of an application process, in kernel
// mode.
//
//   TEST_F(MyTest, DoesThis) { … ExAllocatePool2 … }
class ExecutiveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    executive_ = Executive::Boot(Options());
    ASSERT_NE(executive_, nullptr);
    executive_->EnterKernelMode();
  }

  void TearDown() override {
    if (executive_ == nullptr) return;
    for (const std::string& leak : executive_->Shutdown()) {
      if (!expect_leaks_) ADD_FAILURE() << "left: " << leak;
    }
  }

  virtual BootOptions Options() { return {}; }
  // For a test of leaking itself.
  void ExpectLeaks() { expect_leaks_ = true; }
  Executive& executive() { return *executive_; }
  // Ends the executive early and returns what leaked.
  std::vector<std::string> Shutdown() {
    std::vector<std::string> leaks = executive_->Shutdown();
    executive_.reset();
    return leaks;
  }

 private:
  std::unique_ptr<Executive> executive_;
  bool expect_leaks_ = false;
};

// The statement must end in bug check `name` (for example "BAD_POOL_CALLER"; a regular expression over the
// report). The statement runs in a process of its own.
#define EXPECT_BUGCHECK(statement, name)                                                   \
  do {                                                                                     \
    GTEST_FLAG_SET(death_test_style, "threadsafe");                                        \
    EXPECT_EXIT(statement, ::testing::ExitedWithCode(::ring3::kBugCheckExitStatus), name); \
  } while (false)

}  // namespace ring3
