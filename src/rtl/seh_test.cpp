// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <ntstatus.h>

#include <thread>
#include <vector>

#include "rtl/seh_barrier.h"
#include "rtl/seh_test_fixture.h"

// clang-format off: the macros hide braces.
namespace ring3::rtl {
namespace {

OPTNONE int CatchFault() {
  int local = 1;
  TRY_EXCEPT(f) {
    local = 2;
    FaultDeep(3);
    local = 3;
  }
  EXCEPT(f, CodeIs(f, STATUS_ACCESS_VIOLATION) ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
    return local * 10 + (CodeIs(f, STATUS_ACCESS_VIOLATION) ? 1 : 0);
  }
  END_EXCEPT
  return -1;
}

TEST_F(SehTest, AnAccessViolationIsCaughtWithLocalsAsTheyWere) {
  EXPECT_EQ(CatchFault(), 21);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(CatchFault(), 21);
}

struct Seen {
  EXCEPTION_RECORD record;
  CONTEXT context;
};
int Look(EXCEPTION_POINTERS* info, Seen* seen, int disposition) {
  seen->record = *info->ExceptionRecord;
  seen->context = *info->ContextRecord;
  return disposition;
}

OPTNONE void CatchAndLook(void (*body)(), Seen* seen) {
  TRY_EXCEPT(f) { body(); }
  EXCEPT(f, Look(f.info, seen, EXCEPTION_EXECUTE_HANDLER)) {}
  END_EXCEPT
}

TEST_F(SehTest, TheRecordTellsReadFromWriteAndTheAddress) {
  Seen seen;
  CatchAndLook([] { *g_bad = 5; }, &seen);
  EXPECT_EQ(seen.record.ExceptionCode, STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(seen.record.NumberParameters, 2u);
  EXPECT_EQ(seen.record.ExceptionInformation[0], static_cast<ULONG_PTR>(EXCEPTION_WRITE_FAULT));
  EXPECT_EQ(seen.record.ExceptionInformation[1], 0x10u);
  EXPECT_EQ(reinterpret_cast<ULONG_PTR>(seen.record.ExceptionAddress), seen.context.Rip);
  CatchAndLook([] { g_sink = *g_bad; }, &seen);
  EXPECT_EQ(seen.record.ExceptionInformation[0], static_cast<ULONG_PTR>(EXCEPTION_READ_FAULT));
  CatchAndLook([] { g_sink = *reinterpret_cast<volatile int*>(0x8000000000000000); }, &seen);
  EXPECT_EQ(seen.record.ExceptionInformation[1], ~ULONG_PTR{0});
}

TEST_F(SehTest, ArithmeticAndIllegalInstructions) {
  Seen seen;
  CatchAndLook([] {
    int result;
    __asm__ volatile("xorl %%edx, %%edx; movl $1, %%eax; xorl %%ecx, %%ecx; idivl %%ecx" : "=a"(result) : : "ecx", "edx");
    g_sink = result;
  }, &seen);
  EXPECT_EQ(seen.record.ExceptionCode, STATUS_INTEGER_DIVIDE_BY_ZERO);
  CatchAndLook([] { __asm__ volatile("ud2"); }, &seen);
  EXPECT_EQ(seen.record.ExceptionCode, STATUS_ILLEGAL_INSTRUCTION);
  CatchAndLook([] { __asm__ volatile("int3"); }, &seen);
  EXPECT_EQ(seen.record.ExceptionCode, STATUS_BREAKPOINT);
}

void RaiseCode(NTSTATUS code, ULONG flags = 0) {
  EXCEPTION_RECORD record = {};
  record.ExceptionCode = code;
  record.ExceptionFlags = flags;
  record.NumberParameters = 1;
  record.ExceptionInformation[0] = 42;
  Ring3SehRaise(&record);
}

TEST_F(SehTest, ASoftwareExceptionCarriesItsParameters) {
  Seen seen;
  CatchAndLook([] { RaiseCode(STATUS_UNSUCCESSFUL); }, &seen);
  EXPECT_EQ(seen.record.ExceptionCode, STATUS_UNSUCCESSFUL);
  EXPECT_EQ(seen.record.ExceptionInformation[0], 42u);
  CatchAndLook([] { Ring3SehRaiseStatus(STATUS_INVALID_PARAMETER); }, &seen);
  EXPECT_EQ(seen.record.ExceptionCode, STATUS_INVALID_PARAMETER);
  EXPECT_NE(seen.record.ExceptionFlags & EXCEPTION_NONCONTINUABLE, 0u);
}

OPTNONE void TwoPhases() {
  TRY_EXCEPT(outer) {
    TRY_FINALLY(last) {
      TRY_EXCEPT(inner) {
        TRY_FINALLY(first) { FaultDeep(2); }
        FINALLY(first) { Note(first.abnormal ? "finally1" : "wrong"); }
        END_FINALLY(first)
      }
      EXCEPT(inner, NoteValue("filter-inner", EXCEPTION_CONTINUE_SEARCH)) { Note("wrong"); }
      END_EXCEPT
      Note("wrong");
    }
    FINALLY(last) { Note(last.abnormal ? "finally2" : "wrong"); }
    END_FINALLY(last)
  }
  EXCEPT(outer, NoteValue("filter-outer", EXCEPTION_EXECUTE_HANDLER)) { Note("handler"); }
  END_EXCEPT
  Note("after");
}

TEST_F(SehTest, FiltersRunBeforeFinallyBodies) {
  TwoPhases();
  EXPECT_EQ(TakeTrace(), "filter-inner filter-outer finally1 finally2 handler after");
}

OPTNONE int ContinueAfterRepair(volatile int* page) {
  int result = 0;
  TRY_EXCEPT(f) {
    volatile char space[5000];
    space[0] = 3;
    space[4999] = 4;
    *page = 17;
    result = *page + space[0] + space[4999];
  }
  EXCEPT(f, Repair(f.info, const_cast<int*>(page))) { result = -1; }
  END_EXCEPT
  return result;
}

TEST_F(SehTest, AFilterRepairsAndTheInstructionRunsAgain) {
  void* page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_EQ(ContinueAfterRepair(static_cast<int*>(page)), 24);
  EXPECT_EQ(TakeTrace(), "repair");
  munmap(page, 4096);
}

int SkipTwoBytes(EXCEPTION_POINTERS* info) {
  info->ContextRecord->Rip += 2;
  info->ContextRecord->Rbx = 77;
  info->ContextRecord->Xmm3.Low = 99;
  return EXCEPTION_CONTINUE_EXECUTION;
}

OPTNONE void EditContext(uint64_t* rbx, uint64_t* xmm, uint64_t* ymm_high) {
  TRY_EXCEPT(f) {
    uint64_t in[4] = {1, 2, 3, 4};
    uint64_t out[4] = {};
    uint64_t b = 0;
    __asm__ volatile(
        "vmovdqu %2, %%ymm3\n ud2\n vmovdqu %%ymm3, %1\n movq %%rbx, %0\n vzeroupper"
        : "=r"(b), "=m"(out)
        : "m"(in)
        : "rbx", "xmm3");
    *rbx = b;
    *xmm = out[0];
    *ymm_high = out[3];
  }
  EXCEPT(f, SkipTwoBytes(f.info)) { *rbx = 0; }
  END_EXCEPT
}

TEST_F(SehTest, AnEditedContextIsContinuedWithAllVectorState) {
  uint64_t rbx = 0, xmm = 0, ymm_high = 0;
  EditContext(&rbx, &xmm, &ymm_high);
  EXPECT_EQ(rbx, 77u);
  EXPECT_EQ(xmm, 99u);
  EXPECT_EQ(ymm_high, 4u);
}

OPTNONE int ContinueSoftware() {
  int after = 0;
  TRY_EXCEPT(f) {
    RaiseCode(STATUS_UNSUCCESSFUL);
    after = 1;
  }
  EXCEPT(f, EXCEPTION_CONTINUE_EXECUTION) { after = 2; }
  END_EXCEPT
  return after;
}

TEST_F(SehTest, ARaiseReturnsWhenContinued) { EXPECT_EQ(ContinueSoftware(), 1); }

OPTNONE unsigned ContinueNoncontinuable() {
  unsigned code = 0;
  TRY_EXCEPT(outer) {
    TRY_EXCEPT(f) { RaiseCode(STATUS_UNSUCCESSFUL, EXCEPTION_NONCONTINUABLE); }
    EXCEPT(f, CodeIs(f, STATUS_UNSUCCESSFUL) ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH) {}
    END_EXCEPT
  }
  EXCEPT(outer, (code = outer.code, outer.info->ExceptionRecord->ExceptionRecord->ExceptionCode == STATUS_UNSUCCESSFUL)) {}
  END_EXCEPT
  return code;
}

TEST_F(SehTest, ContinuingANoncontinuableExceptionRaisesAnother) {
  EXPECT_EQ(static_cast<NTSTATUS>(ContinueNoncontinuable()), STATUS_NONCONTINUABLE_EXCEPTION);
}

#if !defined(__has_feature) || !__has_feature(thread_sanitizer)
OPTNONE int Recurse(int depth) {
  volatile char space[4096];
  space[0] = static_cast<char>(depth);
  if (depth < 0) return 0;
  return Recurse(depth + 1) + space[0];
}

OPTNONE unsigned CatchOverflow() {
  unsigned code = 0;
  TRY_EXCEPT(f) { g_sink = Recurse(0); }
  EXCEPT(f, 1) { code = f.code; }
  END_EXCEPT
  return code;
}

TEST_F(SehTest, AStackOverflowIsCaught) {
  std::thread thread([] {
    EXPECT_EQ(static_cast<NTSTATUS>(CatchOverflow()), STATUS_STACK_OVERFLOW);
    EXPECT_EQ(static_cast<NTSTATUS>(CatchOverflow()), STATUS_STACK_OVERFLOW);
  });
  thread.join();
}
#endif

TEST_F(SehTest, EachThreadHasItsChain) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int n = 0; n < 500; ++n) ASSERT_EQ(CatchFault(), 21);
    });
  }
  for (auto& thread : threads) thread.join();
}

OPTNONE int BehindBarrier() {
  TRY_EXCEPT(f) {
    SehBarrier barrier;
    return CatchFault();
  }
  EXCEPT(f, 1) { return -1; }
  END_EXCEPT
  return -2;
}

TEST_F(SehTest, ABarrierHidesOuterFrames) { EXPECT_EQ(BehindBarrier(), 21); }

using SehDeathTest = SehTest;

TEST_F(SehDeathTest, AFaultOutsideEveryTryIsTheProcessOwn) {
  EXPECT_DEATH(*g_bad = 1, "");
  EXPECT_DEATH(Ring3SehRaiseStatus(STATUS_UNSUCCESSFUL), "unhandled exception 0xC0000001");
}

OPTNONE void SearchAndCrash() {
  TRY_EXCEPT(f) { *g_bad = 1; }
  EXCEPT(f, EXCEPTION_CONTINUE_SEARCH) {}
  END_EXCEPT
}

TEST_F(SehDeathTest, AnUnhandledFaultHappensAgainForThePreviousAction) { EXPECT_DEATH(SearchAndCrash(), ""); }

}  // namespace
}  // namespace ring3::rtl
