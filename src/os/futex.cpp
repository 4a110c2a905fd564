// SPDX-License-Identifier: MIT
#include "os/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace ring3::os {
namespace {

FutexResult Wait(std::atomic<uint32_t>& word, uint32_t expected, int64_t deadline_ns, int scope) {
  timespec deadline;
  timespec* timeout = nullptr;
  if (deadline_ns != kNoDeadline) {
    if (deadline_ns < 0) deadline_ns = 0;
    deadline = {deadline_ns / 1'000'000'000, deadline_ns % 1'000'000'000};
    timeout = &deadline;
  }
  // FUTEX_WAIT_BITSET takes an absolute time, FUTEX_WAIT a relative one.
  long rc = syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | scope, expected, timeout, nullptr,
                    FUTEX_BITSET_MATCH_ANY);
  if (rc == 0) return FutexResult::kWoken;
  switch (errno) {
    case ETIMEDOUT:
      return FutexResult::kTimedOut;
    case EINTR:
      return FutexResult::kInterrupted;
    default:
      return FutexResult::kChanged;
  }
}

}  // namespace

FutexResult FutexWait(std::atomic<uint32_t>& word, uint32_t expected, int64_t deadline_ns) {
  return Wait(word, expected, deadline_ns, FUTEX_PRIVATE_FLAG);
}

FutexResult FutexWaitShared(std::atomic<uint32_t>& word, uint32_t expected, int64_t deadline_ns) {
  return Wait(word, expected, deadline_ns, 0);
}

void FutexWakeShared(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0);
}

int FutexWake(std::atomic<uint32_t>* word, int count) {
  long rc = syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
  return rc < 0 ? 0 : static_cast<int>(rc);
}

}  // namespace ring3::os
