// SPDX-License-Identifier: MIT
// What needs a running executive: allocated strings, debug output, bug checks.
#include <ntifs.h>
#include <ring3/test.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "rtl/debug_output.h"

namespace ring3 {
namespace {

class RtlExecutive : public ExecutiveTest {};

std::string g_output;
void Collect(const char* text, size_t count) {
  g_output.append(text, count);
}

TEST_F(RtlExecutive, AllocatedStringsAreFreed) {
  ANSI_STRING ansi, back;
  UNICODE_STRING wide, upper;
  RtlInitAnsiString(&ansi, "caf\xC3\xA9");
  ASSERT_EQ(RtlAnsiStringToUnicodeString(&wide, &ansi, TRUE), STATUS_SUCCESS);
  EXPECT_EQ(wide.Length, 8);
  EXPECT_EQ(wide.Buffer[4], 0);
  ASSERT_EQ(RtlUpcaseUnicodeString(&upper, &wide, TRUE), STATUS_SUCCESS);
  EXPECT_EQ(upper.Buffer[3], L'\u00c9');
  ASSERT_EQ(RtlUnicodeStringToAnsiString(&back, &upper, TRUE), STATUS_SUCCESS);
  EXPECT_STREQ(back.Buffer, "CAF\xC3\x89");
  RtlFreeAnsiString(&back);
  RtlFreeUnicodeString(&upper);
  RtlFreeUnicodeString(&wide);
  EXPECT_EQ(wide.Buffer, nullptr);
}

TEST_F(RtlExecutive, CreatedAndDuplicatedStrings) {
  UNICODE_STRING created, copy, empty = {};
  ASSERT_TRUE(RtlCreateUnicodeString(&created, L"abc"));
  EXPECT_EQ(created.MaximumLength, 8);
  ASSERT_EQ(RtlDuplicateUnicodeString(0, &created, &copy), STATUS_SUCCESS);
  EXPECT_EQ(copy.MaximumLength, 6);
  RtlFreeUnicodeString(&copy);
  RtlFreeUnicodeString(&created);
  ASSERT_EQ(RtlDuplicateUnicodeString(0, &empty, &copy), STATUS_SUCCESS);
  EXPECT_EQ(copy.Buffer, nullptr);
  EXPECT_EQ(RtlDuplicateUnicodeString(0x10, &empty, &copy), STATUS_INVALID_PARAMETER);
}

TEST_F(RtlExecutive, GuidToStringAndBack) {
  const GUID guid = {0x01234567, 0x89ab, 0xcdef, {1, 2, 3, 4, 5, 6, 7, 0xfe}};
  UNICODE_STRING text;
  ASSERT_EQ(RtlStringFromGUID(guid, &text), STATUS_SUCCESS);
  UNICODE_STRING expected = RTL_CONSTANT_STRING(L"{01234567-89AB-CDEF-0102-0304050607FE}");
  EXPECT_TRUE(RtlEqualUnicodeString(&text, &expected, FALSE));
  GUID back;
  EXPECT_EQ(RtlGUIDFromString(&text, &back), STATUS_SUCCESS);
  EXPECT_TRUE(guid == back);
  RtlFreeUnicodeString(&text);
}

TEST_F(RtlExecutive, DbgPrintFormatsFiltersAndTruncates) {
  g_output.clear();
  rtl::SetDebugOutput(Collect);
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\X");
  EXPECT_EQ(DbgPrint("%wZ %lu\n", &name, 0xFFFFFFFFu), static_cast<ULONG>(STATUS_SUCCESS));
  DbgSetDebugFilterState(DPFLTR_IHVDRIVER_ID, DPFLTR_TRACE_LEVEL, FALSE);
  EXPECT_EQ(DbgQueryDebugFilterState(DPFLTR_IHVDRIVER_ID, DPFLTR_TRACE_LEVEL), FALSE);
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_TRACE_LEVEL, "hidden\n");
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "shown\n");
  EXPECT_EQ(DbgQueryDebugFilterState(9999, 0), STATUS_INVALID_PARAMETER_1);
  EXPECT_EQ(g_output, "\\Device\\X 4294967295\nshown\n");
  g_output.clear();
  DbgPrint("%s", std::string(2000, 'x').c_str());
  EXPECT_EQ(g_output.size(), 512u);
  rtl::SetDebugOutput(nullptr);
}

TEST_F(RtlExecutive, RunOnceRunsOnceUnderContention) {
  static std::atomic<int> runs;
  runs = 0;
  for (int round = 0; round < 50; ++round) {
    RTL_RUN_ONCE once = RTL_RUN_ONCE_INIT;
    std::vector<std::thread> threads;
    std::atomic<int> right{0};
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        auto init = +[](PRTL_RUN_ONCE, PVOID parameter, PVOID* context) -> ULONG {
          ++runs;
          *context = parameter;
          return TRUE;
        };
        PVOID context = nullptr;
        if (RtlRunOnceExecuteOnce(&once, init, &runs, &context) == STATUS_SUCCESS && context == &runs)
          ++right;
      });
    }
    for (auto& t : threads) t.join();
    EXPECT_EQ(right, 4);
  }
  EXPECT_EQ(runs, 50);
}

TEST_F(RtlExecutive, FailedInitialisationIsTriedAgain) {
  RTL_RUN_ONCE once = RTL_RUN_ONCE_INIT;
  auto fail = +[](PRTL_RUN_ONCE, PVOID, PVOID*) -> ULONG { return FALSE; };
  auto succeed = +[](PRTL_RUN_ONCE, PVOID, PVOID*) -> ULONG { return TRUE; };
  EXPECT_EQ(RtlRunOnceExecuteOnce(&once, fail, nullptr, nullptr), STATUS_UNSUCCESSFUL);
  EXPECT_EQ(RtlRunOnceExecuteOnce(&once, succeed, nullptr, nullptr), STATUS_SUCCESS);
}

using RtlExecutiveDeathTest = RtlExecutive;

TEST_F(RtlExecutiveDeathTest, CorruptListIsASecurityCheckFailure) {
  LIST_ENTRY head, entry;
  InitializeListHead(&head);
  InsertTailList(&head, &entry);
  head.Flink = &head;
  EXPECT_BUGCHECK(RemoveEntryList(&entry), "KERNEL_SECURITY_CHECK_FAILURE");
}

TEST_F(RtlExecutiveDeathTest, FailedAssertionIsReported) {
  EXPECT_BUGCHECK(NT_ASSERT(1 == 2), "Assertion failed: 1 == 2");
}

TEST_F(RtlExecutiveDeathTest, PagedCodeAtDispatchLevel) {
  EXPECT_BUGCHECK(
      {
        KIRQL old;
        KeRaiseIrql(DISPATCH_LEVEL, &old);
        PAGED_CODE();
      },
      "APC_LEVEL");
}

}  // namespace
}  // namespace ring3
