// SPDX-License-Identifier: MIT
#include <ddi/ex.h>

#include "os/clock.h"

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
