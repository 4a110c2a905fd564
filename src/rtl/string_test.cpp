// SPDX-License-Identifier: MIT
#include <ddi/rtl_ntifs.h>
#include <gtest/gtest.h>
#include <ntstatus.h>

#include <cstring>
#include <string>
#include <vector>

namespace {

UNICODE_STRING U(PCWSTR s) {
  UNICODE_STRING u;
  RtlInitUnicodeString(&u, s);
  return u;
}

std::string Ascii(const UNICODE_STRING& s) {
  std::string out;
  for (int i = 0; i < s.Length / 2; ++i) out += static_cast<char>(s.Buffer[i]);
  return out;
}

template <size_t N>
struct Buffered {
  WCHAR buffer[N] = {};
  UNICODE_STRING string = {0, N * sizeof(WCHAR), buffer};
};

TEST(UnicodeString, InitCountsBytesWithAndWithoutTheTerminator) {
  UNICODE_STRING s = U(L"abc");
  EXPECT_EQ(s.Length, 6);
  EXPECT_EQ(s.MaximumLength, 8);
  s = U(nullptr);
  EXPECT_EQ(s.Length, 0);
  EXPECT_EQ(s.MaximumLength, 0);
  EXPECT_EQ(s.Buffer, nullptr);
  std::vector<WCHAR> long_text(40000, L'x');
  long_text.back() = 0;
  EXPECT_EQ(RtlInitUnicodeStringEx(&s, long_text.data()), STATUS_NAME_TOO_LONG);
  RtlInitUnicodeString(&s, long_text.data());
  EXPECT_EQ(s.Length, 65532);
}

TEST(UnicodeString, CopyTruncatesAndNullEmpties) {
  Buffered<3> b;
  UNICODE_STRING source = U(L"abcdef");
  RtlCopyUnicodeString(&b.string, &source);
  EXPECT_EQ(Ascii(b.string), "abc");
  RtlCopyUnicodeString(&b.string, nullptr);
  EXPECT_EQ(b.string.Length, 0);
}

TEST(UnicodeString, AppendNeedsRoom) {
  Buffered<5> b;
  UNICODE_STRING abc = U(L"abc");
  EXPECT_EQ(RtlAppendUnicodeStringToString(&b.string, &abc), STATUS_SUCCESS);
  EXPECT_EQ(RtlAppendUnicodeStringToString(&b.string, &abc), STATUS_BUFFER_TOO_SMALL);
  EXPECT_EQ(RtlAppendUnicodeToString(&b.string, L"de"), STATUS_SUCCESS);
  EXPECT_EQ(RtlAppendUnicodeToString(&b.string, nullptr), STATUS_SUCCESS);
  EXPECT_EQ(RtlAppendUnicodeToString(&b.string, L"f"), STATUS_BUFFER_TOO_SMALL);
  EXPECT_EQ(Ascii(b.string), "abcde");
}

TEST(UnicodeString, ComparesWithAndWithoutCase) {
  UNICODE_STRING a = U(L"Device"), b = U(L"dEVICE"), c = U(L"Devices");
  EXPECT_EQ(RtlCompareUnicodeString(&a, &b, TRUE), 0);
  EXPECT_LT(RtlCompareUnicodeString(&a, &b, FALSE), 0);
  EXPECT_LT(RtlCompareUnicodeString(&a, &c, TRUE), 0);
  EXPECT_TRUE(RtlEqualUnicodeString(&a, &b, TRUE));
  EXPECT_FALSE(RtlEqualUnicodeString(&a, &b, FALSE));
  EXPECT_TRUE(RtlPrefixUnicodeString(&b, &c, TRUE));
  EXPECT_FALSE(RtlPrefixUnicodeString(&c, &a, TRUE));
  UNICODE_STRING ice = U(L"ICE");
  EXPECT_TRUE(RtlSuffixUnicodeString(&ice, &a, TRUE));
  EXPECT_FALSE(RtlSuffixUnicodeString(&ice, &a, FALSE));
}

TEST(UnicodeString, CaseMapsOneToOneBeyondAscii) {
  EXPECT_EQ(RtlUpcaseUnicodeChar(L'z'), L'Z');
  EXPECT_EQ(RtlUpcaseUnicodeChar(L'\u00e9'), L'\u00c9');
  EXPECT_EQ(RtlUpcaseUnicodeChar(L'\u0451'), L'\u0401');
  EXPECT_EQ(RtlUpcaseUnicodeChar(L'\u00df'), L'\u00df');
  EXPECT_EQ(RtlUpcaseUnicodeChar(L'\u0131'), L'\u0131');
  EXPECT_EQ(RtlDowncaseUnicodeChar(L'\u0416'), L'\u0436');
  EXPECT_EQ(RtlDowncaseUnicodeChar(L'['), L'[');
  for (unsigned c = 0; c < 0x10000; ++c) {
    WCHAR upper = RtlUpcaseUnicodeChar(static_cast<WCHAR>(c));
    if (upper != static_cast<WCHAR>(c)) EXPECT_EQ(RtlDowncaseUnicodeChar(upper), static_cast<WCHAR>(c));
  }
}

TEST(UnicodeString, UpcaseIntoTheCallersBuffer) {
  Buffered<3> b;
  UNICODE_STRING abc = U(L"abc"), abcd = U(L"abcd");
  EXPECT_EQ(RtlUpcaseUnicodeString(&b.string, &abc, FALSE), STATUS_SUCCESS);
  EXPECT_EQ(Ascii(b.string), "ABC");
  EXPECT_EQ(RtlUpcaseUnicodeString(&b.string, &abcd, FALSE), STATUS_BUFFER_OVERFLOW);
}

TEST(UnicodeString, Hash) {
  UNICODE_STRING a = U(L"ab"), b = U(L"AB");
  ULONG x, y;
  EXPECT_EQ(RtlHashUnicodeString(&a, FALSE, HASH_STRING_ALGORITHM_X65599, &x), STATUS_SUCCESS);
  EXPECT_EQ(x, 'a' * 65599u + 'b');
  EXPECT_EQ(RtlHashUnicodeString(&a, TRUE, HASH_STRING_ALGORITHM_DEFAULT, &x), STATUS_SUCCESS);
  EXPECT_EQ(RtlHashUnicodeString(&b, TRUE, HASH_STRING_ALGORITHM_DEFAULT, &y), STATUS_SUCCESS);
  EXPECT_EQ(x, y);
  EXPECT_EQ(RtlHashUnicodeString(&a, TRUE, 7, &x), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlHashUnicodeString(&a, TRUE, 0, nullptr), STATUS_INVALID_PARAMETER);
}

TEST(NumberString, IntegersInEveryBase) {
  Buffered<12> b;
  EXPECT_EQ(RtlIntegerToUnicodeString(0xBEEF, 16, &b.string), STATUS_SUCCESS);
  EXPECT_EQ(Ascii(b.string), "BEEF");
  EXPECT_EQ(RtlIntegerToUnicodeString(0, 0, &b.string), STATUS_SUCCESS);
  EXPECT_EQ(Ascii(b.string), "0");
  EXPECT_EQ(RtlIntegerToUnicodeString(9, 8, &b.string), STATUS_SUCCESS);
  EXPECT_EQ(Ascii(b.string), "11");
  EXPECT_EQ(RtlIntegerToUnicodeString(9, 7, &b.string), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlIntegerToUnicodeString(0xFFFFFFFF, 2, &b.string), STATUS_BUFFER_OVERFLOW);
  EXPECT_EQ(RtlInt64ToUnicodeString(123456789012ull, 10, &b.string), STATUS_SUCCESS);
  EXPECT_EQ(Ascii(b.string), "123456789012");
}

// The table of RtlUnicodeStringToInteger's page; "+678abc" in base 16 is 0x678abc = 6785724.
TEST(NumberString, ParsesAsDocumented) {
  struct {
    PCWSTR text;
    ULONG base;
    LONG value;
  } cases[] = {{L"123", 10, 123},     {L"-345", 10, -345},       {L"xyz", 10, 0},
               {L"+678abc", 10, 678}, {L"+678abc", 16, 6785724}, {L"007", 10, 7},
               {L"789", 8, 7},        {L"FGH", 16, 15},          {L" ", 10, 0},
               {L"0x1F", 0, 31},      {L"0b101", 0, 5},          {L"0o17", 0, 15},
               {L"  42", 0, 42}};
  for (const auto& c : cases) {
    UNICODE_STRING s = U(c.text);
    ULONG value = 99;
    EXPECT_EQ(RtlUnicodeStringToInteger(&s, c.base, &value), STATUS_SUCCESS);
    EXPECT_EQ(static_cast<LONG>(value), c.value) << Ascii(s);
  }
  ULONG value;
  UNICODE_STRING empty = U(L"");
  EXPECT_EQ(RtlUnicodeStringToInteger(&empty, 10, &value), STATUS_INVALID_PARAMETER);
  UNICODE_STRING one = U(L"1");
  EXPECT_EQ(RtlUnicodeStringToInteger(&one, 7, &value), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlCharToInteger("-12", 0, &value), STATUS_SUCCESS);
  EXPECT_EQ(value, static_cast<ULONG>(-12));
}

TEST(NumberString, GuidFromString) {
  GUID guid = {};
  UNICODE_STRING text = U(L"{01234567-89ab-CDEF-0123-456789abcdef}");
  EXPECT_EQ(RtlGUIDFromString(&text, &guid), STATUS_SUCCESS);
  const GUID expected = {0x01234567, 0x89ab, 0xcdef, {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}};
  EXPECT_TRUE(guid == expected);
  for (PCWSTR bad :
       {L"01234567-89ab-CDEF-0123-456789abcdef", L"{01234567-89ab-CDEF-0123-456789abcdeg}", L"{}"}) {
    UNICODE_STRING s = U(bad);
    EXPECT_EQ(RtlGUIDFromString(&s, &guid), STATUS_INVALID_PARAMETER);
  }
}

TEST(Conversion, Utf8InBothDirections) {
  const WCHAR wide[] = L"a\u00e9\u20ac\U0001F600";
  char utf8[16];
  ULONG bytes;
  EXPECT_EQ(RtlUnicodeToUTF8N(nullptr, 0, &bytes, wide, 10), STATUS_SUCCESS);
  EXPECT_EQ(bytes, 10u);
  EXPECT_EQ(RtlUnicodeToUTF8N(utf8, sizeof(utf8), &bytes, wide, 10), STATUS_SUCCESS);
  EXPECT_EQ(std::string(utf8, bytes), "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  WCHAR back[8];
  EXPECT_EQ(RtlUTF8ToUnicodeN(back, sizeof(back), &bytes, utf8, 10), STATUS_SUCCESS);
  EXPECT_EQ(bytes, 10u);
  EXPECT_EQ(memcmp(back, wide, 10), 0);
  EXPECT_EQ(RtlUTF8ToUnicodeN(back, 4, &bytes, utf8, 10), STATUS_BUFFER_TOO_SMALL);
  EXPECT_EQ(bytes, 4u);
}

TEST(Conversion, MalformedInputIsReplaced) {
  const WCHAR lonely[] = {0xD800, L'x', 0xDC00, 0};
  char utf8[16];
  ULONG bytes;
  EXPECT_EQ(RtlUnicodeToUTF8N(utf8, sizeof(utf8), &bytes, lonely, 6), STATUS_SOME_NOT_MAPPED);
  EXPECT_EQ(std::string(utf8, bytes), "\xEF\xBF\xBDx\xEF\xBF\xBD");
  WCHAR wide[8];
  EXPECT_EQ(RtlUTF8ToUnicodeN(wide, sizeof(wide), &bytes, "\xC0\x80\xFFz", 4), STATUS_SOME_NOT_MAPPED);
  EXPECT_EQ(bytes, 8u);
  EXPECT_EQ(wide[3], L'z');
}

TEST(Conversion, BadParameters) {
  ULONG bytes;
  char narrow[4];
  EXPECT_EQ(RtlUnicodeToUTF8N(narrow, 4, &bytes, nullptr, 2), STATUS_INVALID_PARAMETER_4);
  EXPECT_EQ(RtlUnicodeToUTF8N(narrow, 4, &bytes, L"a", 1), STATUS_INVALID_PARAMETER_5);
  EXPECT_EQ(RtlUnicodeToUTF8N(nullptr, 0, nullptr, L"a", 2), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlUTF8ToUnicodeN(nullptr, 0, nullptr, "a", 1), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(RtlUTF8ToUnicodeN(nullptr, 0, &bytes, nullptr, 1), STATUS_INVALID_PARAMETER_4);
}

TEST(Conversion, StringsIntoTheCallersBuffer) {
  Buffered<4> b;
  ANSI_STRING ansi;
  RtlInitAnsiString(&ansi, "abc");
  EXPECT_EQ(RtlAnsiStringToUnicodeString(&b.string, &ansi, FALSE), STATUS_SUCCESS);
  EXPECT_EQ(Ascii(b.string), "abc");
  EXPECT_EQ(b.buffer[3], 0);
  RtlInitAnsiString(&ansi, "abcd");
  EXPECT_EQ(RtlAnsiStringToUnicodeString(&b.string, &ansi, FALSE), STATUS_BUFFER_OVERFLOW);
  EXPECT_EQ(RtlAnsiStringToUnicodeSize(&ansi), 10u);
  UNICODE_STRING wide = U(L"x\u20ac");
  EXPECT_EQ(RtlUnicodeStringToAnsiSize(&wide), 5u);
  char narrow[5];
  ANSI_STRING out = {0, 5, narrow};
  EXPECT_EQ(RtlUnicodeStringToAnsiString(&out, &wide, FALSE), STATUS_SUCCESS);
  EXPECT_STREQ(narrow, "x\xE2\x82\xAC");
}

TEST(AnsiString, CopyAppendCompare) {
  char buffer[4];
  STRING s = {0, sizeof(buffer), buffer};
  STRING ab, cde;
  RtlInitString(&ab, "ab");
  RtlInitString(&cde, "cde");
  RtlCopyString(&s, &ab);
  EXPECT_EQ(RtlAppendStringToString(&s, &cde), STATUS_BUFFER_TOO_SMALL);
  EXPECT_EQ(RtlAppendAsciizToString(&s, "CD"), STATUS_SUCCESS);
  EXPECT_EQ(std::string(buffer, s.Length), "abCD");
  STRING abcd;
  RtlInitString(&abcd, "ABcd");
  EXPECT_TRUE(RtlEqualString(&s, &abcd, TRUE));
  EXPECT_FALSE(RtlEqualString(&s, &abcd, FALSE));
  EXPECT_TRUE(RtlPrefixString(&ab, &s, FALSE));
  RtlUpperString(&s, &abcd);
  EXPECT_EQ(std::string(buffer, s.Length), "ABCD");
}

TEST(Memory, CompareCountsEqualBytes) {
  EXPECT_EQ(RtlCompareMemory("abcd", "abxd", 4), 2u);
  EXPECT_EQ(RtlCompareMemory("abcd", "abcd", 4), 4u);
  ULONG words[3] = {7, 7, 8};
  EXPECT_EQ(RtlCompareMemoryUlong(words, sizeof(words), 7), 8u);
  RtlFillMemoryUlong(words, 9, 1);
  EXPECT_EQ(words[1], 1u);
  EXPECT_EQ(words[2], 8u);
  EXPECT_TRUE(RtlConstantTimeEqualMemory("ab", "ab", 2));
  EXPECT_FALSE(RtlConstantTimeEqualMemory("ab", "ac", 2));
  char secret[4] = "xyz";
  RtlSecureZeroMemory(secret, 4);
  EXPECT_TRUE(RtlIsZeroMemory(secret, 4));
}

}  // namespace
