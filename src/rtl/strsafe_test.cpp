// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <ntstrsafe.h>

#include <cstring>
#include <string>

#include "rtl/format_engine.h"

// What a driver's C runtime has.
extern "C" int _vsnprintf(char* to, size_t count, const char* format, va_list arguments) {
  size_t n = ring3::format::FormatToBuffer(to, count, format, arguments);
  return n > count ? -1 : static_cast<int>(n);
}
extern "C" int _vsnwprintf(WCHAR* to, size_t count, const WCHAR* format, va_list arguments) {
  size_t n = ring3::format::FormatToBuffer(to, count, format, arguments);
  return n > count ? -1 : static_cast<int>(n);
}

namespace {

TEST(SafeStrings, CopyTruncatesAndTerminates) {
  char b[4];
  EXPECT_EQ(RtlStringCchCopyA(b, 4, "abc"), STATUS_SUCCESS);
  EXPECT_STREQ(b, "abc");
  EXPECT_EQ(RtlStringCchCopyA(b, 4, "wxyz"), STATUS_BUFFER_OVERFLOW);
  EXPECT_STREQ(b, "wxy");
  EXPECT_EQ(RtlStringCchCopyA(b, 0, "a"), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlStringCchCopyNA(b, 4, "abcdef", 2), STATUS_SUCCESS);
  EXPECT_STREQ(b, "ab");
  WCHAR w[4];
  EXPECT_EQ(RtlStringCbCopyW(w, sizeof(w), L"abc"), STATUS_SUCCESS);
  EXPECT_EQ(RtlStringCbCopyW(w, sizeof(w), L"abcd"), STATUS_BUFFER_OVERFLOW);
  EXPECT_EQ(w[3], 0);
}

TEST(SafeStrings, CatStartsAtTheTerminator) {
  char b[8] = "ab";
  EXPECT_EQ(RtlStringCbCatA(b, sizeof(b), "cd"), STATUS_SUCCESS);
  EXPECT_EQ(RtlStringCbCatNA(b, sizeof(b), "efgh", 2), STATUS_SUCCESS);
  EXPECT_STREQ(b, "abcdef");
  EXPECT_EQ(RtlStringCbCatA(b, sizeof(b), "xyz"), STATUS_BUFFER_OVERFLOW);
  EXPECT_STREQ(b, "abcdefx");
  memset(b, 'x', sizeof(b));
  EXPECT_EQ(RtlStringCbCatA(b, sizeof(b), "y"), STATUS_INVALID_PARAMETER);
}

TEST(SafeStrings, ExtendedFormsReportTheRest) {
  char b[8];
  char* end;
  size_t remaining;
  EXPECT_EQ(RtlStringCchCopyExA(b, 8, "abc", &end, &remaining, STRSAFE_FILL_BEHIND_NULL | '#'),
            STATUS_SUCCESS);
  EXPECT_EQ(end, b + 3);
  EXPECT_EQ(remaining, 5u);
  EXPECT_EQ(std::string(b, 8), std::string("abc\0####", 8));
  EXPECT_EQ(RtlStringCchCatExA(b, 8, "defghi", &end, &remaining, STRSAFE_NO_TRUNCATION),
            STATUS_BUFFER_OVERFLOW);
  EXPECT_STREQ(b, "abc");
  EXPECT_EQ(RtlStringCchCopyExA(b, 8, "0123456789", &end, &remaining, STRSAFE_NULL_ON_FAILURE),
            STATUS_BUFFER_OVERFLOW);
  EXPECT_STREQ(b, "");
  EXPECT_EQ(RtlStringCchCopyExA(b, 8, "0123456789", &end, &remaining, STRSAFE_FILL_ON_FAILURE | '*'),
            STATUS_BUFFER_OVERFLOW);
  EXPECT_STREQ(b, "*******");
  EXPECT_EQ(RtlStringCchCopyExA(nullptr, 0, nullptr, nullptr, nullptr, STRSAFE_IGNORE_NULLS), STATUS_SUCCESS);
  EXPECT_EQ(RtlStringCchCopyExA(nullptr, 0, "a", nullptr, nullptr, STRSAFE_IGNORE_NULLS),
            STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlStringCchCopyExA(b, 8, nullptr, nullptr, nullptr, 0), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlStringCchCopyExA(b, 8, "a", nullptr, nullptr, 0x8000), STATUS_INVALID_PARAMETER);
  WCHAR w[8];
  WCHAR* wide_end;
  EXPECT_EQ(RtlStringCbPrintfExW(w, sizeof(w), &wide_end, &remaining, 0, L"%d", 42), STATUS_SUCCESS);
  EXPECT_EQ(wide_end, w + 2);
  EXPECT_EQ(remaining, 12u);
}

TEST(SafeStrings, Printf) {
  char b[8];
  EXPECT_EQ(RtlStringCbPrintfA(b, sizeof(b), "%lu-%s", 7u, "ab"), STATUS_SUCCESS);
  EXPECT_STREQ(b, "7-ab");
  EXPECT_EQ(RtlStringCbPrintfA(b, sizeof(b), "%d", 123456789), STATUS_BUFFER_OVERFLOW);
  EXPECT_STREQ(b, "1234567");
  EXPECT_EQ(RtlStringCbPrintfA(b, sizeof(b), "%s", "1234567"), STATUS_SUCCESS);
}

TEST(SafeStrings, LengthLooksNoFurtherThanAllowed) {
  size_t n = 9;
  EXPECT_EQ(RtlStringCchLengthA("abc", 4, &n), STATUS_SUCCESS);
  EXPECT_EQ(n, 3u);
  EXPECT_EQ(RtlStringCchLengthA("abc", 3, &n), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlStringCbLengthW(L"abc", 8, &n), STATUS_SUCCESS);
  EXPECT_EQ(n, 6u);
  EXPECT_EQ(RtlStringCchLengthA(nullptr, 3, &n), STATUS_INVALID_PARAMETER);
}

TEST(SafeUnicodeStrings, CopyCatAndPrintf) {
  WCHAR b[6];
  UNICODE_STRING s = {0, sizeof(b), b};
  UNICODE_STRING source = RTL_CONSTANT_STRING(L"abc");
  EXPECT_EQ(RtlUnicodeStringCopy(&s, &source), STATUS_SUCCESS);
  EXPECT_EQ(RtlUnicodeStringCatString(&s, L"de"), STATUS_SUCCESS);
  EXPECT_EQ(s.Length, 10);
  EXPECT_EQ(RtlUnicodeStringCat(&s, &source), STATUS_BUFFER_OVERFLOW);
  EXPECT_EQ(s.Length, 12);
  EXPECT_EQ(RtlUnicodeStringPrintf(&s, L"%wZ%d", &source, 12), STATUS_SUCCESS);
  EXPECT_EQ(s.Length, 10);
  EXPECT_EQ(memcmp(b, L"abc12", 10), 0);
  EXPECT_EQ(RtlUnicodeStringPrintf(&s, L"%s", L"abcdef"), STATUS_SUCCESS);  // no terminator is needed
  EXPECT_EQ(RtlUnicodeStringPrintf(&s, L"%s", L"abcdefg"), STATUS_BUFFER_OVERFLOW);
  UNICODE_STRING rest;
  EXPECT_EQ(RtlUnicodeStringCopyStringEx(&s, L"ab", &rest, 0), STATUS_SUCCESS);
  EXPECT_EQ(rest.Buffer, b + 2);
  EXPECT_EQ(rest.MaximumLength, 8);
}

TEST(SafeUnicodeStrings, Validate) {
  WCHAR b[2];
  UNICODE_STRING odd = {1, 4, b}, longer = {4, 2, b}, null = {0, 2, nullptr}, good = {2, 4, b};
  EXPECT_EQ(RtlUnicodeStringValidate(&odd), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlUnicodeStringValidate(&longer), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlUnicodeStringValidate(&null), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlUnicodeStringValidate(nullptr), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlUnicodeStringValidateEx(nullptr, STRSAFE_IGNORE_NULLS), STATUS_SUCCESS);
  EXPECT_EQ(RtlUnicodeStringValidate(&good), STATUS_SUCCESS);
}

}  // namespace
