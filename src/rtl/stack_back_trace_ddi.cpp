// SPDX-License-Identifier: MIT
#include <ddi/rtl.h>
#include <ddi/rtl_ntifs.h>

#include "os/stack_trace.h"

// Keeps this frame on the stack until the call before has returned.
#define RING3_NO_TAIL_CALL() __asm__ volatile("" : : : "memory")

namespace {

// CaptureStack's return into here is not the caller's business.
constexpr size_t kOwnFrame = 1;

// Stacks of the same functions give the same value.
ULONG HashOf(PVOID* callers, size_t count) {
  ULONG_PTR sum = 0;
  for (size_t i = 0; i < count; ++i) sum += reinterpret_cast<ULONG_PTR>(callers[i]);
  return static_cast<ULONG>(sum);
}

}  // namespace

extern "C" {

// RtlCaptureStackBackTrace: the return addresses of the calls that led here, the innermost first, after
// FramesToSkip of them; at most FramesToCapture. BackTraceHash, when not null, gets a value that is the same
// for identical traces. Any IRQL. Returns the number captured. nf-ntifs-rtlcapturestackbacktrace
__attribute__((noinline)) USHORT NTAPI RtlCaptureStackBackTrace(ULONG FramesToSkip, ULONG FramesToCapture,
                                                                PVOID* BackTrace, PULONG BackTraceHash) {
  constexpr ULONG kMostFrames = 0xffff;
  ULONG most = FramesToCapture < kMostFrames ? FramesToCapture : kMostFrames;
  size_t count = ring3::os::CaptureStack({BackTrace, most}, size_t{FramesToSkip} + kOwnFrame);
  RING3_NO_TAIL_CALL();
  if (BackTraceHash != nullptr) *BackTraceHash = HashOf(BackTrace, count);
  return static_cast<USHORT>(count);
}

// RtlWalkFrameChain: the same for kernel-mode frames, without skipping; with Flags 1 (user-mode frames) there
// are none to be told apart from ours, so the answer is 0. nf-ntddk-rtlwalkframechain
__attribute__((noinline)) ULONG NTAPI RtlWalkFrameChain(PVOID* Callers, ULONG Count, ULONG Flags) {
  if (Flags != 0) return 0;
  size_t count = ring3::os::CaptureStack({Callers, Count}, kOwnFrame);
  RING3_NO_TAIL_CALL();
  return static_cast<ULONG>(count);
}

}  // extern "C"
