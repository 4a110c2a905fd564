// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nt_exception.h>
#include <ring3_seh.h>

#include "os/fault_handler.h"
#include "os/stack_trace.h"

namespace {

using namespace ring3::os;

__attribute__((noinline)) size_t OuterFunction(std::span<void*> callers) {
  size_t count = CaptureStack(callers);
  __asm__ volatile("" : : : "memory");
  return count;
}

TEST(StackTraceTest, CapturesCallersByFramePointer) {
  PrepareThreadForFaults();
  void* callers[8] = {};
  ASSERT_GE(OuterFunction(callers), 2u);
  auto frames = Symbolize(reinterpret_cast<uintptr_t>(callers[0]), AddressKind::kReturnAddress);
  EXPECT_THAT(frames.back().function, testing::HasSubstr("OuterFunction"));
  EXPECT_THAT(frames.back().file, testing::HasSubstr("symbols_test.cpp"));
  EXPECT_GT(frames.back().line, 0);
  void* skipped[8] = {};
  size_t count = CaptureStack(skipped, 1);
  EXPECT_GE(count, 1u);
}

__attribute__((noinline)) std::vector<std::string> StackHere() {
  CONTEXT context = {};
  Ring3SehCaptureContext(&context);
  std::vector<std::string> lines = FormatStack(UnwindContext(context, 64), AddressKind::kReturnAddress);
  __asm__ volatile("" : : : "memory");
  return lines;
}

TEST(StackTraceTest, UnwindsFromRegisters) {
  std::vector<std::string> lines = StackHere();
  ASSERT_GT(lines.size(), 3u);
  EXPECT_THAT(lines[0], testing::ContainsRegex("StackHere.* at symbols_test.cpp:"));
  EXPECT_THAT(lines.back(), testing::HasSubstr("_start"));
}

TEST(StackTraceTest, ACallOfNullShowsTheCaller) {
  CONTEXT context = {};
  uintptr_t stack[2] = {reinterpret_cast<uintptr_t>(&StackHere) + 4, 0};
  context.Rip = 0;
  context.Rsp = reinterpret_cast<uintptr_t>(stack);
  std::vector<uintptr_t> addresses = UnwindContext(context, 8);
  ASSERT_GE(addresses.size(), 2u);
  EXPECT_EQ(addresses[0], 0u);
  EXPECT_EQ(addresses[1], stack[0]);
}

}  // namespace
