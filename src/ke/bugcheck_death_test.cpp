// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/ke_bugcheck.h>
#include <ddi/ke_ntddk.h>
#include <ddi/rtl_exception.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ntstatus.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "base/check.h"
#include "base/spin_lock.h"
#include "ke/bugcheck.h"
#include "ke/bugcheck_text.h"
#include "ke/driver_gate.h"
#include "ke/service_scope.h"
#include "os/fault_handler.h"
#include "os/module.h"
#include "os/raw_output.h"
#include "rtl/seh_test_macros.h"

extern "C" void Ring3MissingDdi(const char* name);

namespace {

using namespace ring3;
using testing::ExitedWithCode;

// A thread block of its own: these tests need no executive.
class BugCheckDeathTest : public testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "fast");
    os::InstallFaultHandlers();
    ke::InstallExceptionBugChecks();
    saved_ = ke::t_current_thread;
    ke::InitializeProcess(&process_, nullptr, 12);
    std::strcpy(process_.image_file_name, "client");
    thread_.process = thread_.own_process = &process_;
    ke::t_current_thread = &thread_;
  }
  void TearDown() override {
    ke::t_current_thread = saved_;
    ke::RemoveExceptionBugChecks();
    os::RemoveFaultHandlers();
  }
  _KPROCESS process_ = {};
  _KTHREAD thread_ = {};
  PKTHREAD saved_ = nullptr;
};

volatile int* volatile g_bad = reinterpret_cast<int*>(0x10);

__attribute__((noinline)) void DriverFrees() {
  KeBugCheckEx(BAD_POOL_CALLER, 7, 0, 0x41424344, 0x7b0000001000);
}

TEST_F(BugCheckDeathTest, TheReportExplainsTheParametersAndShowsTheCaller) {
  EXPECT_EXIT(
      DriverFrees(), ExitedWithCode(86),
      "STOP: 0x000000C2 .0x0000000000000007, 0x0000000000000000, 0x0000000041424344, "
      "0x00007B0000001000.(.|\n)*"
      "BAD_POOL_CALLER(.|\n)*freed that is free already(.|\n)*1 0x0000000000000007  7: freed twice(.|\n)*"
      "IRQL: 0 .PASSIVE_LEVEL.(.|\n)*#0 .*DriverFrees.* at bugcheck_death_test.cpp:");
}

TEST_F(BugCheckDeathTest, TheReportNamesTheProcess) {
  EXPECT_EXIT(DriverFrees(), ExitedWithCode(86), "process: client .id 12., 0x[0-9a-f]+\nIRQL");
  _KPROCESS system = {};
  ke::InitializeProcess(&system, nullptr, 4);
  std::strcpy(system.image_file_name, "FourteenLetter");
  thread_.own_process = &system;
  EXPECT_EXIT(DriverFrees(), ExitedWithCode(86),
              "process: client .id 12., 0x[0-9a-f]+; attached to it from FourteenLetter .id 4.");
  thread_.process = reinterpret_cast<PKPROCESS>(0x10);
  EXPECT_EXIT(DriverFrees(), ExitedWithCode(86), "process: 0x10; attached");
}

TEST_F(BugCheckDeathTest, KeBugCheckHasNoParameters) {
  EXPECT_EXIT(KeBugCheck(MANUALLY_INITIATED_CRASH), ExitedWithCode(86), "MANUALLY_INITIATED_CRASH");
}

TEST_F(BugCheckDeathTest, AnUnknownCodeIsReportedToo) {
  EXPECT_EXIT(KeBugCheckEx(0x12345678, 1, 2, 3, 4), ExitedWithCode(86), "0x12345678(.|\n)*UNKNOWN_BUG_CHECK");
}

TEST_F(BugCheckDeathTest, AMissingDdiIsNamed) {
  EXPECT_EXIT(Ring3MissingDdi("IoFrobnicate"), ExitedWithCode(86),
              "RING3_MISSING_DDI(.|\n)*missing DDI: IoFrobnicate");
}

TEST_F(BugCheckDeathTest, AFaultInADispatchRoutineOfAUserThread) {
  thread_.kernel_depth = 1;
  EXPECT_EXIT(*g_bad = 1, ExitedWithCode(86),
              "SYSTEM_SERVICE_EXCEPTION(.|\n)*exception code: STATUS_ACCESS_VIOLATION(.|\n)*#0 "
              ".*bugcheck_death_test.cpp");
}

TEST_F(BugCheckDeathTest, TheExecutivesOwnChecksReport) {
  EXPECT_EXIT(
      RING3_CHECK(g_bad == nullptr), ExitedWithCode(86),
      "RING3_EXECUTIVE_FAULT(.|\n)*executive check failed: g_bad == nullptr at .*bugcheck_death_test.cpp");
}

#if RING3_CHECKED
void LockInTheWrongOrder() RING3_NO_THREAD_SAFETY_ANALYSIS {
  SpinLock outer{LockRank::kReport};
  SpinLock inner{LockRank::kBoot};
  outer.Lock();
  inner.Lock();
}

TEST_F(BugCheckDeathTest, ALockInversionReports) {
  EXPECT_EXIT(LockInTheWrongOrder(), ExitedWithCode(86), "RING3_EXECUTIVE_FAULT(.|\n)*lock order: inversion");
}
#endif

TEST_F(BugCheckDeathTest, AFaultInASystemThread) {
  thread_.is_system_thread = true;
  EXPECT_EXIT(*g_bad = 1, ExitedWithCode(86), "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED");
}

TEST_F(BugCheckDeathTest, AFaultAtDispatchLevel) {
  thread_.kernel_depth = 1;
  thread_.state.irql = DISPATCH_LEVEL;
  EXPECT_EXIT(*g_bad = 1, ExitedWithCode(86),
              "0x0000000A .0x0000000000000010, 0x0000000000000002, "
              "0x0000000000000001(.|\n)*IRQL_NOT_LESS_OR_EQUAL");
}

TEST_F(BugCheckDeathTest, AFaultAtDispatchLevelInADriver) {
  thread_.kernel_depth = 1;
  thread_.state.irql = DISPATCH_LEVEL;
  EXPECT_EXIT(ke::CallDriver(
                  nullptr, ke::Callback::kDispatch, +[](int value) { *g_bad = value; }, 1),
              ExitedWithCode(86), "DRIVER_IRQL_NOT_LESS_OR_EQUAL(.|\n)*in driver:");
}

TEST_F(BugCheckDeathTest, AFaultAtASystemAddress) {
  thread_.kernel_depth = 1;
  auto* address = reinterpret_cast<volatile int*>(0x7bfffffff000);
  EXPECT_EXIT(*address = 1, ExitedWithCode(86),
              "0x00000050 .0x00007BFFFFFFF000, 0x0000000000000002(.|\n)*PAGE_FAULT_IN_NONPAGED_AREA");
}

TEST_F(BugCheckDeathTest, APageFaultThatAComponentExplains) {
  thread_.kernel_depth = 1;
  ke::SetPageFaultExplainer([](uintptr_t address, bool, uintptr_t pc) -> std::optional<ke::BugCheck> {
    return ke::BugCheck{DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL, {address, 1, pc, 0}, nullptr};
  });
  auto* address = reinterpret_cast<volatile int*>(0x7bfffffff000);
  EXPECT_EXIT(*address = 1, ExitedWithCode(86), "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL");
  ke::SetPageFaultExplainer(nullptr);
}

OPTNONE int CallServiceInsideTry(KPROCESSOR_MODE mode) {
  TRY_EXCEPT(f) {
    ke::ServiceScope scope(mode);
    *g_bad = 1;
  }
  EXCEPT(f, EXCEPTION_EXECUTE_HANDLER) {
    return 1;
  }
  END_EXCEPT
  return 0;
}

TEST_F(BugCheckDeathTest, AnApplicationDoesNotHandleTheExceptionsOfADriver) {
  EXPECT_EXIT(CallServiceInsideTry(UserMode), ExitedWithCode(86), "SYSTEM_SERVICE_EXCEPTION");
  // A driver that calls a service does.
  EXPECT_EQ(CallServiceInsideTry(KernelMode), 1);
  EXPECT_EQ(rtl::ring3_seh_top, nullptr);
}

TEST_F(BugCheckDeathTest, ARaisedStatusThatNobodyHandles) {
  thread_.kernel_depth = 1;
  EXPECT_EXIT(ExRaiseStatus(STATUS_INVALID_PARAMETER), ExitedWithCode(86),
              "SYSTEM_SERVICE_EXCEPTION(.|\n)*exception code: STATUS_INVALID_PARAMETER");
}

__attribute__((optnone, noinline)) int Recurse(int depth) {
  volatile char space[4096];
  space[0] = static_cast<char>(depth);
  if (depth < 0) return 0;
  return Recurse(depth + 1) + space[0];
}

TEST_F(BugCheckDeathTest, AStackOverflowIsADoubleFault) {
  thread_.kernel_depth = 1;
  EXPECT_EXIT(
      {
        std::thread thread([this] {
          os::PrepareThreadForFaults();
          ke::t_current_thread = &thread_;
          Recurse(0);
        });
        thread.join();
      },
      ExitedWithCode(86), "UNEXPECTED_KERNEL_MODE_TRAP(.|\n)*stack overflowed");
}

TEST_F(BugCheckDeathTest, ACallThroughNullShowsTheCaller) {
  thread_.kernel_depth = 1;
  void (*volatile null)() = nullptr;
  EXPECT_EXIT(null(), ExitedWithCode(86), "#0 \\?.*\n *#1 .*bugcheck_death_test.cpp");
}

void WriteBuffer(PVOID buffer, ULONG length) {
  os::RawOutput("callback got ");
  os::RawOutputHex(length, 2);
  os::RawOutput(static_cast<const char*>(buffer));
}

TEST_F(BugCheckDeathTest, CallbacksRun) {
  static KBUGCHECK_CALLBACK_RECORD record;
  static char buffer[] = " bytes";
  KeInitializeCallbackRecord(&record);
  ASSERT_TRUE(KeRegisterBugCheckCallback(&record, WriteBuffer, buffer, sizeof(buffer),
                                         reinterpret_cast<PUCHAR>(buffer)));
  EXPECT_FALSE(KeRegisterBugCheckCallback(&record, WriteBuffer, buffer, sizeof(buffer),
                                          reinterpret_cast<PUCHAR>(buffer)));
  EXPECT_EXIT(KeBugCheck(MANUALLY_INITIATED_CRASH), ExitedWithCode(86), "callback got 07 bytes");
  EXPECT_TRUE(KeDeregisterBugCheckCallback(&record));
  EXPECT_FALSE(KeDeregisterBugCheckCallback(&record));
}

TEST_F(BugCheckDeathTest, ReasonCallbacksAreRegisteredByReason) {
  static KBUGCHECK_REASON_CALLBACK_RECORD record;
  record.State = BufferEmpty;
  auto routine = [](KBUGCHECK_CALLBACK_REASON, _KBUGCHECK_REASON_CALLBACK_RECORD*, PVOID, ULONG) {
    os::RawOutput("reason callback");
  };
  EXPECT_FALSE(KeRegisterBugCheckReasonCallback(&record, routine, KbCallbackInvalid, nullptr));
  ASSERT_TRUE(KeRegisterBugCheckReasonCallback(&record, routine, KbCallbackSecondaryDumpData, nullptr));
  EXPECT_EXIT(KeBugCheck(MANUALLY_INITIATED_CRASH), ExitedWithCode(86), "reason callback");
  EXPECT_TRUE(KeDeregisterBugCheckReasonCallback(&record));
  EXPECT_FALSE(KeDeregisterBugCheckReasonCallback(&record));
}

TEST_F(BugCheckDeathTest, DescribersAddLinesAndObserversSeeThem) {
  ke::BugCheckDescriber describe = [](const ke::BugCheck&, std::vector<std::string>& lines) {
    lines.push_back("the block is old");
  };
  ke::AddBugCheckDescriber(describe);
  ke::SetBugCheckObserver([](const ke::BugCheck& bug_check, const char* report) {
    if (bug_check.code == BAD_POOL_CALLER &&
        std::string(report).find("the block is old") != std::string::npos)
      _exit(3);
  });
  EXPECT_EXIT(DriverFrees(), ExitedWithCode(3), "the block is old");
  ke::SetBugCheckObserver(nullptr);
  ke::RemoveBugCheckDescriber(describe);
}

TEST_F(BugCheckDeathTest, ABugCheckInsideABugCheckEnds) {
  ke::BugCheckDescriber describe = [](const ke::BugCheck&, std::vector<std::string>&) {
    KeBugCheck(PFN_LIST_CORRUPT);
  };
  ke::AddBugCheckDescriber(describe);
  EXPECT_EXIT(DriverFrees(), ExitedWithCode(86),
              "BAD_POOL_CALLER(.|\n)*while reporting(.|\n)*PFN_LIST_CORRUPT");
  ke::RemoveBugCheckDescriber(describe);
  ke::BugCheckDescriber fault = [](const ke::BugCheck&, std::vector<std::string>&) { *g_bad = 1; };
  ke::AddBugCheckDescriber(fault);
  thread_.kernel_depth = 1;
  EXPECT_EXIT(DriverFrees(), ExitedWithCode(86),
              "BAD_POOL_CALLER(.|\n)*while reporting(.|\n)*SYSTEM_SERVICE_EXCEPTION");
  ke::RemoveBugCheckDescriber(fault);
}

TEST_F(BugCheckDeathTest, TheFirstOfManyWins) {
  EXPECT_EXIT(
      {
        std::atomic<int> ready{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
          threads.emplace_back([&ready] {
            ++ready;
            while (ready.load() < 4) {
            }
            KeBugCheckEx(BAD_POOL_CALLER, 0x42, 0, 0, 0);
          });
        }
        for (auto& thread : threads) thread.join();
      },
      ExitedWithCode(86), "never was pool");
}

TEST(BugCheckTextTest, TheMostSpecificTextWins) {
  ULONG_PTR parameters[4] = {0x46, 0, 0, 0};
  EXPECT_STREQ(ke::DescribeBugCheck(BAD_POOL_CALLER, parameters).parameters[0], "0x46: not a block");
  parameters[0] = 0x777;
  EXPECT_STREQ(ke::DescribeBugCheck(BAD_POOL_CALLER, parameters).parameters[0], "kind");
  parameters[3] = 0x23;
  EXPECT_STREQ(ke::DescribeBugCheck(SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, parameters).parameters[3],
               "0x23: bytes near the block");
  EXPECT_EQ(ke::DescribeBugCheck(0x12345678, parameters).meaning, nullptr);
  EXPECT_STREQ(ke::BugCheckName(DPC_WATCHDOG_VIOLATION), "DPC_WATCHDOG_VIOLATION");
  EXPECT_STREQ(ke::BugCheckName(0xffffffff), "UNKNOWN_BUG_CHECK");
}

}  // namespace
