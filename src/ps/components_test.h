// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <ntstatus.h>
#include <ring3/test.h>

#include <utility>

#include "cm/init.h"
#include "ex/init.h"
#include "ex/work_queue.h"
#include "ke/init.h"
#include "mm/init.h"
#include "ob/init.h"
#include "os/init.h"
#include "ps/init.h"
#include "ps/thread.h"
#include "se/init.h"

namespace ring3 {

// The executive up to the registry, without drivers and I/O: what the object manager's and its neighbours'
// tests need. The test's thread is a system thread.
class ComponentsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(os::Initialize(options_).ok());
    ASSERT_TRUE(ke::Initialize(options_).ok());
    ASSERT_TRUE(mm::Initialize(options_).ok());
    ASSERT_TRUE(ex::Initialize(options_).ok());
    ASSERT_TRUE(ob::Initialize(options_).ok());
    ASSERT_TRUE(se::Initialize(options_).ok());
    ASSERT_TRUE(ps::Initialize(options_).ok());
    ASSERT_TRUE(cm::Initialize(options_).ok());
  }
  void TearDown() override {
    LeakReport report = Shutdown();
    for (const std::string& line : report.lines()) ADD_FAILURE() << "left: " << line;
  }
  LeakReport Shutdown() {
    LeakReport report;
    if (std::exchange(down_, true)) return report;
    cm::Shutdown(report);
    // As the I/O manager does: work items may be on their way out, on threads that Ps is about to take back.
    ex::StopWorkers();
    ps::Shutdown(report);
    se::Shutdown(report);
    ob::Shutdown(report);
    ex::Shutdown(report);
    mm::Shutdown(report);
    ke::Shutdown(report);
    os::Shutdown(report);
    return report;
  }

  BootOptions options_;

 private:
  bool down_ = false;
};

// OBJECT_ATTRIBUTES with a name, for one call.
struct Named {
  explicit Named(std::u16string_view text, ULONG flags = OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                 HANDLE root = nullptr)
      : name(ob::ToUnicodeString(text)) {
    InitializeObjectAttributes(&attributes, &name, flags, root, nullptr);
  }
  operator POBJECT_ATTRIBUTES() { return &attributes; }
  UNICODE_STRING name;
  OBJECT_ATTRIBUTES attributes;
};

}  // namespace ring3
