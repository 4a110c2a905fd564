// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <string>
#include <utility>

#include "os/fault_handler.h"
#include "rtl/seh_frame.h"
#include "rtl/seh_test_macros.h"

namespace ring3::rtl {

class SehTest : public testing::Test {
 protected:
  void SetUp() override { os::InstallFaultHandlers(); }
  void TearDown() override {
    os::RemoveFaultHandlers();
    EXPECT_EQ(ring3_seh_top, nullptr);
  }
};

inline std::string g_trace;
inline void Note(const char* what) {
  if (!g_trace.empty()) g_trace += ' ';
  g_trace += what;
}
inline int NoteValue(const char* what, int value) {
  Note(what);
  return value;
}
inline std::string TakeTrace() {
  return std::exchange(g_trace, {});
}

inline bool CodeIs(const RING3_SEH_FRAME& frame, NTSTATUS status) {
  return frame.code == static_cast<unsigned>(status);
}

inline volatile int g_sink;
inline volatile int* volatile g_bad = reinterpret_cast<int*>(0x10);
// Uses a good deal of stack on the way to the fault.
OPTNONE inline void FaultDeep(int depth) {
  volatile char space[600];
  for (size_t i = 0; i < sizeof(space); ++i) space[i] = static_cast<char>(depth);
  if (depth == 0) {
    *g_bad = 1;
  } else {
    FaultDeep(depth - 1);
  }
  for (size_t i = 0; i < sizeof(space); ++i) {
    if (space[i] != static_cast<char>(depth)) Note("stack changed");
  }
}

inline int Repair(EXCEPTION_POINTERS* info, void* page) {
  Note("repair");
  EXPECT_EQ(info->ExceptionRecord->ExceptionInformation[1], reinterpret_cast<ULONG_PTR>(page));
  mprotect(page, 4096, PROT_READ | PROT_WRITE);
  return EXCEPTION_CONTINUE_EXECUTION;
}

}  // namespace ring3::rtl
