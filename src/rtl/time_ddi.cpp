// SPDX-License-Identifier: MIT
// Calendar time. Any IRQL.
#include <ddi/rtl_time.h>

#include <chrono>

namespace {

constexpr LONGLONG kTicksPerMillisecond = 10'000;
constexpr LONGLONG kTicksPerSecond = 10'000'000;
constexpr LONGLONG kTicksPerDay = kTicksPerSecond * 86'400;
constexpr LONGLONG kSecondsTo1970 = 11'644'473'600;
constexpr LONGLONG kSecondsTo1980 = 11'960'006'400;

using std::chrono::days;
using std::chrono::sys_days;
constexpr sys_days kEpoch = std::chrono::year{1601} / 1 / 1;

BOOLEAN ToSeconds(const LARGE_INTEGER* time, LONGLONG epoch, PULONG seconds) {
  LONGLONG s = time->QuadPart / kTicksPerSecond - epoch;
  if (time->QuadPart < 0 || s < 0 || s > 0xFFFFFFFFLL) return FALSE;
  *seconds = static_cast<ULONG>(s);
  return TRUE;
}

}  // namespace

extern "C" {

// nf-wdm-rtltimetotimefields
VOID NTAPI RtlTimeToTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields) {
  LONGLONG day = Time->QuadPart / kTicksPerDay;
  LONGLONG in_day = Time->QuadPart % kTicksPerDay / kTicksPerMillisecond;
  std::chrono::year_month_day date{kEpoch + days{static_cast<int>(day)}};
  TimeFields->Year = static_cast<CSHORT>(static_cast<int>(date.year()));
  TimeFields->Month = static_cast<CSHORT>(static_cast<unsigned>(date.month()));
  TimeFields->Day = static_cast<CSHORT>(static_cast<unsigned>(date.day()));
  TimeFields->Hour = static_cast<CSHORT>(in_day / 3'600'000);
  TimeFields->Minute = static_cast<CSHORT>(in_day / 60'000 % 60);
  TimeFields->Second = static_cast<CSHORT>(in_day / 1000 % 60);
  TimeFields->Milliseconds = static_cast<CSHORT>(in_day % 1000);
  TimeFields->Weekday = static_cast<CSHORT>((day + 1) % 7);  // 1601-01-01 was a Monday
}

// FALSE for what is no date. The weekday is ignored. nf-wdm-rtltimefieldstotime
BOOLEAN NTAPI RtlTimeFieldsToTime(PTIME_FIELDS TimeFields, PLARGE_INTEGER Time) {
  const TIME_FIELDS& f = *TimeFields;
  if (f.Year < 1601 || f.Month < 1 || f.Day < 1) return FALSE;
  std::chrono::year_month_day date{std::chrono::year{f.Year},
                                   std::chrono::month{static_cast<unsigned>(f.Month)},
                                   std::chrono::day{static_cast<unsigned>(f.Day)}};
  if (!date.ok() || f.Hour < 0 || f.Hour > 23 || f.Minute < 0 || f.Minute > 59 || f.Second < 0 ||
      f.Second > 59 || f.Milliseconds < 0 || f.Milliseconds > 999) {
    return FALSE;
  }
  LONGLONG day = (sys_days{date} - kEpoch).count();
  LONGLONG in_day = ((f.Hour * 60LL + f.Minute) * 60 + f.Second) * 1000 + f.Milliseconds;
  Time->QuadPart = day * kTicksPerDay + in_day * kTicksPerMillisecond;
  return TRUE;
}

// FALSE outside the range of a ULONG of seconds. nf-ntifs-rtltimetosecondssince1970
BOOLEAN NTAPI RtlTimeToSecondsSince1970(PLARGE_INTEGER Time, PULONG ElapsedSeconds) {
  return ToSeconds(Time, kSecondsTo1970, ElapsedSeconds);
}
// nf-ntifs-rtltimetosecondssince1980
BOOLEAN NTAPI RtlTimeToSecondsSince1980(PLARGE_INTEGER Time, PULONG ElapsedSeconds) {
  return ToSeconds(Time, kSecondsTo1980, ElapsedSeconds);
}
// nf-ntifs-rtlsecondssince1970totime
VOID NTAPI RtlSecondsSince1970ToTime(ULONG ElapsedSeconds, PLARGE_INTEGER Time) {
  Time->QuadPart = (ElapsedSeconds + kSecondsTo1970) * kTicksPerSecond;
}
// nf-ntifs-rtlsecondssince1980totime
VOID NTAPI RtlSecondsSince1980ToTime(ULONG ElapsedSeconds, PLARGE_INTEGER Time) {
  Time->QuadPart = (ElapsedSeconds + kSecondsTo1980) * kTicksPerSecond;
}

}  // extern "C"
