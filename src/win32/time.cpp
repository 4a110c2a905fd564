// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include <chrono>
#include <ctime>

namespace ring3::win32 {
namespace {

// 1601-01-01 to 1970-01-01.
constexpr int64_t kEpochDifferenceSeconds = 11'644'473'600;
constexpr int64_t kUnitsPerSecond = 10'000'000;  // of 100 ns

int64_t SystemTime() {
  using Units = std::chrono::duration<int64_t, std::ratio<1, kUnitsPerSecond>>;
  return std::chrono::duration_cast<Units>(std::chrono::system_clock::now().time_since_epoch()).count() +
         kEpochDifferenceSeconds * kUnitsPerSecond;
}

void Fill(const tm& fields, int64_t units, LPSYSTEMTIME out) {
  *out = {static_cast<WORD>(fields.tm_year + 1900), static_cast<WORD>(fields.tm_mon + 1),
          static_cast<WORD>(fields.tm_wday),        static_cast<WORD>(fields.tm_mday),
          static_cast<WORD>(fields.tm_hour),        static_cast<WORD>(fields.tm_min),
          static_cast<WORD>(fields.tm_sec),         static_cast<WORD>(units / 10'000 % 1000)};
}

}  // namespace

extern "C" {

VOID GetSystemTimeAsFileTime(LPFILETIME out) {
  const int64_t units = SystemTime();
  *out = {static_cast<DWORD>(units), static_cast<DWORD>(units >> 32)};
}

VOID GetSystemTimePreciseAsFileTime(LPFILETIME out) {
  GetSystemTimeAsFileTime(out);
}

VOID GetSystemTime(LPSYSTEMTIME out) {
  const int64_t units = SystemTime();
  const time_t seconds = units / kUnitsPerSecond - kEpochDifferenceSeconds;
  tm fields{};
  gmtime_r(&seconds, &fields);
  Fill(fields, units, out);
}

VOID GetLocalTime(LPSYSTEMTIME out) {
  const int64_t units = SystemTime();
  const time_t seconds = units / kUnitsPerSecond - kEpochDifferenceSeconds;
  tm fields{};
  localtime_r(&seconds, &fields);
  Fill(fields, units, out);
}

ULONGLONG GetTickCount64() {
  return static_cast<ULONGLONG>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                    std::chrono::steady_clock::now().time_since_epoch())
                                    .count());
}

DWORD GetTickCount() {
  return static_cast<DWORD>(GetTickCount64());
}

BOOL QueryPerformanceCounter(LARGE_INTEGER* lpPerformanceCount) {
  lpPerformanceCount->QuadPart = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count() /
                                 100;
  return TRUE;
}

// 10 MHz, as on current versions.
BOOL QueryPerformanceFrequency(LARGE_INTEGER* lpFrequency) {
  lpFrequency->QuadPart = kUnitsPerSecond;
  return TRUE;
}

}  // extern "C"

}  // namespace ring3::win32
