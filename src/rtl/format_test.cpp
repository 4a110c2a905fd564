// SPDX-License-Identifier: MIT
#include "rtl/format_engine.h"

#include <gtest/gtest.h>
#include <ntdef.h>

#include <cmath>
#include <cstdio>
#include <string>

namespace ring3::format {
namespace {

std::string Narrow(const char* format, ...) {
  char buffer[2048];
  va_list args;
  va_start(args, format);
  size_t n = FormatToBuffer(buffer, sizeof(buffer), format, args);
  va_end(args);
  return {buffer, n};
}

// ASCII results only.
std::string Wide(const wchar_t* format, ...) {
  wchar_t buffer[256];
  va_list args;
  va_start(args, format);
  size_t n = FormatToBuffer(buffer, 256, format, args);
  va_end(args);
  std::string s;
  for (size_t i = 0; i < n; ++i) s += static_cast<char>(buffer[i]);
  return s;
}

TEST(Format, IntegersHaveTheSizesOfWindows) {
  EXPECT_EQ(Narrow("%d %ld %u %lu", -5, -6, 7u, 0xFFFFFFFFu), "-5 -6 7 4294967295");
  EXPECT_EQ(Narrow("%I64x %I64d %lld %llu", 0x123456789ABCDEFull, -1ll, -2ll, 3ull),
            "123456789abcdef -1 -2 3");
  EXPECT_EQ(Narrow("%Ix %Iu %zu %I32d", size_t{0xABCDEF012}, size_t{9}, size_t{10}, -4), "abcdef012 9 10 -4");
  EXPECT_EQ(Narrow("%hd %hu %hhx", 0x18000, 0x1FFFF, 0x1FE), "-32768 65535 fe");
  EXPECT_EQ(Narrow("%lx|%lX", 0xDEADBEEFu, 0xDEADBEEFu), "deadbeef|DEADBEEF");
}

TEST(Format, FlagsWidthAndPrecision) {
  EXPECT_EQ(Narrow("[%5d][%-5d][%05d][%+d][% d]", 42, 42, 42, 42, 42), "[   42][42   ][00042][+42][ 42]");
  EXPECT_EQ(Narrow("[%.5d][%8.5d][%-8.5d][%.0d]", 42, 42, 42, 0), "[00042][   00042][00042   ][]");
  EXPECT_EQ(Narrow("[%#x][%#X][%#o][%#x][%08x]", 255, 255, 8, 0, 0xBEEF), "[0xff][0XFF][010][0][0000beef]");
  EXPECT_EQ(Narrow("[%*d][%-*d][%*d][%.*d]", 4, 1, 4, 2, -4, 3, 3, 4), "[   1][2   ][3   ][004]");
  EXPECT_EQ(Narrow("100%% %y %"), "100% y ");
}

TEST(Format, PointersAreSixteenUpperCaseDigits) {
  EXPECT_EQ(Narrow("%p", reinterpret_cast<void*>(0x7b0000abcdefull)), "00007B0000ABCDEF");
  EXPECT_EQ(Narrow("%p", nullptr), "0000000000000000");
}

TEST(Format, StringsOfBothWidths) {
  EXPECT_EQ(Narrow("%s %ws %ls %S %hs", "a", L"b", L"c", L"d", "e"), "a b c d e");
  EXPECT_EQ(Wide(L"%s %ws %ls %S %hs", L"a", L"b", L"c", "d", "e"), "a b c d e");
  EXPECT_EQ(Narrow("%c%C%wc%lc%hc", 'a', L'b', L'c', L'd', 'e'), "abcde");
  EXPECT_EQ(Wide(L"%c%C%hc", L'a', 'b', 'c'), "abc");
  EXPECT_EQ(Narrow("[%5s][%-5s][%.2s][%5.1ws]", "ab", "ab", "abc", L"xyz"), "[   ab][ab   ][ab][    x]");
  EXPECT_EQ(Narrow("%s %ws", nullptr, nullptr), "(null) (null)");
  EXPECT_EQ(Narrow("%ws", L"\u20ac\U0001F600"), "\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST(Format, CountedStrings) {
  wchar_t wide[] = L"\\Device\\X-not-this";
  UNICODE_STRING unicode = {18, 18, wide};
  char narrow[] = "abcdef";
  ANSI_STRING ansi = {3, 6, narrow};
  EXPECT_EQ(Narrow("%wZ|%Z|%12wZ|", &unicode, &ansi, &unicode), "\\Device\\X|abc|   \\Device\\X|");
  EXPECT_EQ(Wide(L"%wZ|%Z", &unicode, &ansi), "\\Device\\X|abc");
  UNICODE_STRING empty = {};
  EXPECT_EQ(Narrow("%wZ", &empty), "(null)");
}

TEST(Format, PrecisionReadsNoFurtherThanItSays) {
  const char unterminated[3] = {'a', 'b', 'c'};
  EXPECT_EQ(Narrow("%.3s", unterminated), "abc");
}

TEST(Format, NothingIsWrittenThroughN) {
  int sentinel = 7;
  EXPECT_EQ(Narrow("ab%ncd", &sentinel), "abcd");
  EXPECT_EQ(sentinel, 7);
}

TEST(Format, WhatDoesNotFitIsCounted) {
  char buffer[4] = {'#', '#', '#', '#'};
  auto call = [&](const char* format, ...) {
    va_list args;
    va_start(args, format);
    size_t n = FormatToBuffer(buffer, 3, format, args);
    va_end(args);
    return n;
  };
  EXPECT_EQ(call("%d", 123456), 6u);
  EXPECT_EQ(std::string(buffer, 4), "123#");
}

// libc agrees with Microsoft's runtime on these.
TEST(Format, FloatsAgreeWithLibc) {
  const double values[] = {0.0,
                           -0.0,
                           1.0,
                           -1.5,
                           0.1,
                           2.5,
                           3.5,
                           0.5,
                           1e-5,
                           123456.0,
                           1234567.0,
                           1e21,
                           1e22,
                           1e100,
                           1e308,
                           5e-324,
                           2.2250738585072014e-308,
                           1.7976931348623157e308,
                           0.000123456,
                           99999.95,
                           999999.5,
                           9.9999995,
                           1.0 / 3,
                           1e15 + 0.5,
                           4503599627370497.5};
  const char* formats[] = {"%f",    "%e",    "%g",    "%E",    "%G",     "%.0f",     "%.1f",
                           "%.3e",  "%.0e",  "%#.0f", "%.10g", "%20.4f", "%-20.4f|", "%020.3f",
                           "%+.2f", "% .2f", "%.17g", "%.0g",  "%.20f",  "%.30e"};
  for (double value : values) {
    for (const char* format : formats) {
      char expected[1024];
      snprintf(expected, sizeof(expected), format, value);
      EXPECT_EQ(Narrow(format, value), expected) << format << " of " << value;
    }
  }
  EXPECT_EQ(Narrow("%#g %#g", 999999.5, 1.0), "1.00000e+06 1.00000");
  EXPECT_EQ(Narrow("%f %F %5f", INFINITY, -INFINITY, NAN), "inf -INF   nan");
  EXPECT_EQ(Narrow("%a %.2a %A", 1.5, 1.0, 0.0), "0x1.8000000000000p+0 0x1.00p+0 0X0.0000000000000P+0");
}

}  // namespace
}  // namespace ring3::format
