// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <ntstatus.h>

#include "rtl/seh_test_fixture.h"

// clang-format off: the macros hide braces.
namespace ring3::rtl {
namespace {

OPTNONE int Exits(int how) {
  int finally_count = 0;
  int* count = &finally_count;
  for (int i = 0; i < 3; ++i) {
    TRY_FINALLY(f) {
      if (how == 0 && i == 1) break;
      if (how == 1 && i == 1) goto out;
      if (how == 2 && i == 1) continue;
      if (how == 3 && i == 1) return 100;
      if (how == 4 && i == 1) goto leave;
      Note("body");
    leave:;
    }
    FINALLY(f) {
      ++*count;
      Note(f.abnormal ? "abnormal" : "normal");
    }
    END_FINALLY(f)
  }
out:
  return finally_count;
}

TEST_F(SehTest, EveryWayOutOfABlockRunsItsFinallyBody) {
  EXPECT_EQ(Exits(0), 2);
  EXPECT_EQ(TakeTrace(), "body normal abnormal");
  EXPECT_EQ(Exits(1), 2);
  EXPECT_EQ(TakeTrace(), "body normal abnormal");
  EXPECT_EQ(Exits(2), 3);
  EXPECT_EQ(TakeTrace(), "body normal abnormal body normal");
  EXPECT_EQ(Exits(3), 100);
  EXPECT_EQ(TakeTrace(), "body normal abnormal");
  EXPECT_EQ(Exits(4), 3);
  EXPECT_EQ(TakeTrace(), "body normal normal body normal");
}

OPTNONE int ReturnOutOfFinally(bool fault) {
  TRY_EXCEPT(outer) {
    TRY_FINALLY(f) {
      if (fault) FaultDeep(1);
      return 1;
    }
    FINALLY(f) { return 2; }
    END_FINALLY(f)
  }
  EXCEPT(outer, EXCEPTION_EXECUTE_HANDLER) { return 3; }
  END_EXCEPT
  return 4;
}

TEST_F(SehTest, AReturnOutOfAFinallyBodyWins) {
  EXPECT_EQ(ReturnOutOfFinally(false), 2);
  EXPECT_EQ(ReturnOutOfFinally(true), 2);
  EXPECT_EQ(ring3_seh_record, nullptr);
}

OPTNONE int FilterThatRaises(int value) {
  int result = 0;
  TRY_EXCEPT(f) {
    FaultDeep(2);
    result = 1;
  }
  EXCEPT(f, CodeIs(f, STATUS_ACCESS_VIOLATION)) { result = value; }
  END_EXCEPT
  return result;
}

OPTNONE void NestedInFilter() {
  TRY_EXCEPT(outer) {
    TRY_FINALLY(last) {
      TRY_EXCEPT(inner) {
        TRY_FINALLY(first) { FaultDeep(3); }
        FINALLY(first) { Note("finally1"); }
        END_FINALLY(first)
      }
      EXCEPT(inner, (Note("inner-filter"), Ring3SehRaiseStatus(STATUS_NOT_FOUND), 1)) { Note("wrong"); }
      END_EXCEPT
    }
    FINALLY(last) { Note("finally2"); }
    END_FINALLY(last)
  }
  EXCEPT(outer, CodeIs(outer, STATUS_NOT_FOUND)) { Note("handler"); }
  END_EXCEPT
}

OPTNONE void HandledInsideFilter() {
  TRY_EXCEPT(f) { FaultDeep(4); }
  EXCEPT(f, FilterThatRaises(1) + FilterThatRaises(2)) { Note("handler"); }
  END_EXCEPT
}

OPTNONE int ContinueAfterNestedFilter(volatile int* page) {
  int result = 0;
  TRY_EXCEPT(f) {
    volatile int kept[100];
    for (int i = 0; i < 100; ++i) kept[i] = i;
    *page = 3;
    result = *page;
    for (int i = 0; i < 100; ++i) {
      if (kept[i] != i) result = -1;
    }
  }
  EXCEPT(f, (FilterThatRaises(1), Repair(f.info, const_cast<int*>(page)))) { result = -2; }
  END_EXCEPT
  return result;
}

TEST_F(SehTest, ExceptionsInFilters) {
  NestedInFilter();
  EXPECT_EQ(TakeTrace(), "inner-filter finally1 finally2 handler");
  EXPECT_EQ(ring3_seh_record, nullptr);
  HandledInsideFilter();
  EXPECT_EQ(TakeTrace(), "handler");
  void* page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_EQ(ContinueAfterNestedFilter(static_cast<int*>(page)), 3);
  EXPECT_EQ(TakeTrace(), "repair");
  munmap(page, 4096);
}

OPTNONE void CollidedUnwind(bool inner_handles) {
  TRY_EXCEPT(outer) {
    TRY_FINALLY(last) {
      TRY_EXCEPT(middle) {
        TRY_FINALLY(first) { FaultDeep(1); }
        FINALLY(first) {
          Note("finally1");
          if (inner_handles) {
            Note(FilterThatRaises(5) == 5 ? "inside" : "wrong");
          } else {
            Ring3SehRaiseStatus(STATUS_NOT_FOUND);
          }
        }
        END_FINALLY(first)
      }
      EXCEPT(middle, CodeIs(middle, STATUS_ACCESS_VIOLATION)) { Note("middle"); }
      END_EXCEPT
    }
    FINALLY(last) { Note("finally2"); }
    END_FINALLY(last)
  }
  EXCEPT(outer, EXCEPTION_EXECUTE_HANDLER) { Note(CodeIs(outer, STATUS_NOT_FOUND) ? "not-found" : "wrong"); }
  END_EXCEPT
}

TEST_F(SehTest, ExceptionsInFinallyBodies) {
  CollidedUnwind(false);
  EXPECT_EQ(TakeTrace(), "finally1 finally2 not-found");
  CollidedUnwind(true);
  EXPECT_EQ(TakeTrace(), "finally1 inside middle finally2");
  EXPECT_EQ(ring3_seh_record, nullptr);
}

OPTNONE void RaiseInHandler() {
  TRY_EXCEPT(outer) {
    TRY_EXCEPT(inner) { FaultDeep(1); }
    EXCEPT(inner, 1) { Ring3SehRaiseStatus(STATUS_NOT_FOUND); }
    END_EXCEPT
  }
  EXCEPT(outer, 1) { Note(CodeIs(outer, STATUS_NOT_FOUND) ? "outer" : "wrong"); }
  END_EXCEPT
}

TEST_F(SehTest, AHandlerRaises) {
  RaiseInHandler();
  EXPECT_EQ(TakeTrace(), "outer");
}

}  // namespace
}  // namespace ring3::rtl
