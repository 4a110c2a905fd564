// SPDX-License-Identifier: MIT
#include "os/clock.h"

#include <time.h>

namespace ring3::os {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
// From 1601-01-01 to 1970-01-01.
constexpr int64_t kEpochDifferenceSeconds = 11'644'473'600;

int64_t ReadNs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

}  // namespace

int64_t MonotonicNs() {
  return ReadNs(CLOCK_MONOTONIC);
}
int64_t CoarseMonotonicNs() {
  return ReadNs(CLOCK_MONOTONIC_COARSE);
}
int64_t SystemTime100ns() {
  return ReadNs(CLOCK_REALTIME) / 100 + kEpochDifferenceSeconds * 10'000'000;
}
int64_t ThreadCpuTime100ns() {
  return ReadNs(CLOCK_THREAD_CPUTIME_ID) / 100;
}
int64_t ProcessCpuTime100ns() {
  return ReadNs(CLOCK_PROCESS_CPUTIME_ID) / 100;
}

int TimeZoneBiasMinutes() {
  time_t now = time(nullptr);
  tm local;
  localtime_r(&now, &local);
  return static_cast<int>(-local.tm_gmtoff / 60);
}

}  // namespace ring3::os
