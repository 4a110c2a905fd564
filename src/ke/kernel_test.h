// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/ke_ntifs.h>
#include <gtest/gtest.h>
#include <ntstatus.h>
#include <ring3/test.h>

#include <functional>
#include <thread>

#include "base/leak_report.h"
#include "ke/dispatcher.h"
#include "ke/init.h"
#include "os/init.h"
#include "os/thread.h"

namespace ring3::ke {

// The kernel alone, without the components above it.
class KernelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(os::Initialize({}).ok());
    ASSERT_TRUE(ke::Initialize({}).ok());
  }
  void TearDown() override {
    const LeakReport report = Shutdown();
    for (const std::string& line : report.lines()) ADD_FAILURE() << "left: " << line;
  }
  LeakReport Shutdown() {
    LeakReport report;
    if (!std::exchange(down_, true)) {
      ke::Shutdown(report);
      os::Shutdown(report);
    }
    return report;
  }

 private:
  bool down_ = false;
};

// A Linux thread that enters the executive by what it calls.
class TestThread {
 public:
  explicit TestThread(std::function<void()> body)
      : thread_([this, body = std::move(body)] {
          kthread_.store(CurrentThread(), std::memory_order_release);
          body();
        }) {}
  ~TestThread() { Join(); }

  PKTHREAD kthread() const {
    PKTHREAD thread;
    while ((thread = kthread_.load(std::memory_order_acquire)) == nullptr) os::YieldThread();
    return thread;
  }
  // Until the thread waits in the kernel.
  void AwaitWaiting() const {
    PKTHREAD thread = kthread();
    for (;;) {
      {
        DispatcherScope scope;
        if (IsWaitingLocked(thread)) return;
      }
      os::YieldThread();
    }
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<PKTHREAD> kthread_{nullptr};
  std::thread thread_;
};

inline LARGE_INTEGER Relative(LONGLONG milliseconds) {
  LARGE_INTEGER time;
  time.QuadPart = -milliseconds * 10'000;
  return time;
}

inline NTSTATUS WaitFor(PVOID object) {
  return KeWaitForSingleObject(object, ::Executive, KernelMode, FALSE, nullptr);
}
inline NTSTATUS Poll(PVOID object) {
  LARGE_INTEGER zero{};
  return KeWaitForSingleObject(object, ::Executive, KernelMode, FALSE, &zero);
}

}  // namespace ring3::ke
