// SPDX-License-Identifier: MIT
#include <ddi/ex.h>

#include <atomic>

#include "ex/time_resolution.h"
#include "os/clock.h"

namespace ring3::ex {

TimerResolution g_timer_resolution;

// 100 ns units.
ULONG TimerResolution::Request(ULONG desired) {
  ULONG current = current_.load(std::memory_order_relaxed);
  requests_.fetch_add(1, std::memory_order_relaxed);
  const ULONG wanted = desired < kShortest ? kShortest : desired;
  while (wanted < current && !current_.compare_exchange_weak(current, wanted, std::memory_order_relaxed)) {
  }
  return current_.load(std::memory_order_relaxed);
}

ULONG TimerResolution::Restore() {
  ULONG requests = requests_.load(std::memory_order_relaxed);
  while (requests != 0 && !requests_.compare_exchange_weak(requests, requests - 1, std::memory_order_relaxed)) {
  }
  if (requests <= 1) current_.store(kLongest, std::memory_order_relaxed);
  return current_.load(std::memory_order_relaxed);
}

}  // namespace ring3::ex

using namespace ring3;  // NOLINT(google-build-using-namespace)

namespace {

constexpr LONGLONG k100nsPerMinute = 60LL * 10'000'000;

}  // namespace

// Subtracts the time zone's bias. Any IRQL. wdm/nf-wdm-exsystemtimetolocaltime
extern "C" VOID ExSystemTimeToLocalTime(PLARGE_INTEGER SystemTime, PLARGE_INTEGER LocalTime) {
  LocalTime->QuadPart = SystemTime->QuadPart - os::TimeZoneBiasMinutes() * k100nsPerMinute;
}

// Adds it. Any IRQL. wdm/nf-wdm-exlocaltimetosystemtime
extern "C" VOID ExLocalTimeToSystemTime(PLARGE_INTEGER LocalTime, PLARGE_INTEGER SystemTime) {
  SystemTime->QuadPart = LocalTime->QuadPart + os::TimeZoneBiasMinutes() * k100nsPerMinute;
}

// Requests the tick `DesiredTime` (100 ns units), or takes a request back; returns the tick from now on. What asks for more
// than the current one changes nothing. Timers here expire on time whatever the tick. wdm/nf-wdm-exsettimerresolution
extern "C" ULONG ExSetTimerResolution(ULONG DesiredTime, BOOLEAN SetResolution) {
  return SetResolution ? ex::g_timer_resolution.Request(DesiredTime) : ex::g_timer_resolution.Restore();
}

// The longest, shortest and current time between ticks, in 100 ns units. wdm/nf-wdm-exquerytimerresolution
extern "C" VOID ExQueryTimerResolution(PULONG MaximumTime, PULONG MinimumTime, PULONG CurrentTime) {
  *MaximumTime = ex::TimerResolution::kLongest;
  *MinimumTime = ex::TimerResolution::kShortest;
  *CurrentTime = ex::g_timer_resolution.current();
}
