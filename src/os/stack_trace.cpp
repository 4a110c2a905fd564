// SPDX-License-Identifier: MIT
#include "os/stack_trace.h"

#include <nt_exception.h>

#include "os/fault_handler.h"
#include "os/guarded_copy.h"

namespace ring3::os {
namespace {

constexpr uintptr_t kLargestFrameBytes = 1 << 20;

struct FramePointerRecord {
  uintptr_t caller;
  uintptr_t return_address;
};

}  // namespace

__attribute__((noinline)) size_t CaptureStack(std::span<void*> callers, size_t skip) {
  StackBounds bounds = CurrentStackBounds();
  auto frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  bool bounded = frame >= bounds.low && frame < bounds.high;
  size_t count = 0;
  while (count < callers.size()) {
    FramePointerRecord record;
    if (bounded) {
      if (frame + sizeof(record) > bounds.high) break;
      // Whatever lies there is memory of this stack, but perhaps no frame: a register used for something
      // else.
      record.caller = reinterpret_cast<const volatile FramePointerRecord*>(frame)->caller;
      record.return_address = reinterpret_cast<const volatile FramePointerRecord*>(frame)->return_address;
    } else if (!GuardedCopy(&record, reinterpret_cast<void*>(frame), sizeof(record))) {
      break;
    }
    if (record.return_address == 0) break;
    if (skip > 0) {
      --skip;
    } else {
      callers[count++] = reinterpret_cast<void*>(record.return_address);
    }
    if (record.caller <= frame || record.caller - frame > kLargestFrameBytes ||
        record.caller % sizeof(void*) != 0)
      break;
    frame = record.caller;
  }
  return count;
}

}  // namespace ring3::os
