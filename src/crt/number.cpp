// SPDX-License-Identifier: MIT
// Numbers from and to text, with Windows' 32-bit long. The results of strtol and strtoul fill a 64-bit
// register with the 32-bit value, so that callers with either notion of long read the same number.
#include "crt/text.h"

using namespace ring3::crt;
using Wide = wchar_t;

namespace {

template <typename Char>
Error Print(int64_t value, bool is_signed, Char* to, size_t size, int radix) {
  if (!to || size == 0) return kInvalid;
  // Only base ten shows a sign.
  const bool negative = is_signed && radix == 10 && value < 0;
  const uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  if (PrintInteger(magnitude, negative, static_cast<unsigned>(radix), to, size)) return 0;
  return radix < 2 || radix > 36 ? kInvalid : kRange;
}

constexpr size_t kMaximumDigits = 66;

int64_t Signed32(int value, int radix) {
  return radix == 10 ? value : static_cast<int64_t>(static_cast<uint32_t>(value));
}

}  // namespace

extern "C" {

long strtol(const char* text, char** end, int base) {
  return ParseSigned<int32_t>(text, end, base);
}
unsigned long strtoul(const char* text, char** end, int base) {
  return ParseUnsigned<uint32_t>(text, end, base);
}
long wcstol(const Wide* text, Wide** end, int base) {
  return ParseSigned<int32_t>(text, end, base);
}
unsigned long wcstoul(const Wide* text, Wide** end, int base) {
  return ParseUnsigned<uint32_t>(text, end, base);
}
long long wcstoll(const Wide* text, Wide** end, int base) {
  return ParseSigned<int64_t>(text, end, base);
}
unsigned long long wcstoull(const Wide* text, Wide** end, int base) {
  return ParseUnsigned<uint64_t>(text, end, base);
}
long __isoc23_strtol(const char* text, char** end, int base) {
  return strtol(text, end, base);
}
unsigned long __isoc23_strtoul(const char* text, char** end, int base) {
  return strtoul(text, end, base);
}
int atoi(const char* text) {
  return ParseSigned<int32_t>(text, static_cast<char**>(nullptr), 10);
}
long atol(const char* text) {
  return ParseSigned<int32_t>(text, static_cast<char**>(nullptr), 10);
}

long long _atoi64(const char* text) {
  return ParseSigned<int64_t>(text, static_cast<char**>(nullptr), 10);
}
long long _strtoi64(const char* text, char** end, int base) {
  return ParseSigned<int64_t>(text, end, base);
}
unsigned long long _strtoui64(const char* text, char** end, int base) {
  return ParseUnsigned<uint64_t>(text, end, base);
}
int _wtoi(const Wide* text) {
  return ParseSigned<int32_t>(text, static_cast<Wide**>(nullptr), 10);
}
int _wtol(const Wide* text) {
  return _wtoi(text);
}
long long _wtoi64(const Wide* text) {
  return ParseSigned<int64_t>(text, static_cast<Wide**>(nullptr), 10);
}
long long _wcstoi64(const Wide* text, Wide** end, int base) {
  return ParseSigned<int64_t>(text, end, base);
}
unsigned long long _wcstoui64(const Wide* text, Wide** end, int base) {
  return ParseUnsigned<uint64_t>(text, end, base);
}

Error _itoa_s(int value, char* to, size_t size, int radix) {
  return Print(Signed32(value, radix), true, to, size, radix);
}
Error _ltoa_s(int value, char* to, size_t size, int radix) {
  return Print(Signed32(value, radix), true, to, size, radix);
}
Error _ultoa_s(unsigned value, char* to, size_t size, int radix) {
  return Print(value, false, to, size, radix);
}
Error _i64toa_s(long long value, char* to, size_t size, int radix) {
  return Print(value, true, to, size, radix);
}
Error _ui64toa_s(unsigned long long value, char* to, size_t size, int radix) {
  return Print(static_cast<int64_t>(value), false, to, size, radix);
}
Error _itow_s(int value, Wide* to, size_t size, int radix) {
  return Print(Signed32(value, radix), true, to, size, radix);
}
Error _ltow_s(int value, Wide* to, size_t size, int radix) {
  return Print(Signed32(value, radix), true, to, size, radix);
}
Error _ultow_s(unsigned value, Wide* to, size_t size, int radix) {
  return Print(value, false, to, size, radix);
}
Error _i64tow_s(long long value, Wide* to, size_t size, int radix) {
  return Print(value, true, to, size, radix);
}
Error _ui64tow_s(unsigned long long value, Wide* to, size_t size, int radix) {
  return Print(static_cast<int64_t>(value), false, to, size, radix);
}

char* _itoa(int value, char* to, int radix) {
  return _itoa_s(value, to, kMaximumDigits, radix), to;
}
char* _ltoa(int value, char* to, int radix) {
  return _ltoa_s(value, to, kMaximumDigits, radix), to;
}
char* _ultoa(unsigned value, char* to, int radix) {
  return _ultoa_s(value, to, kMaximumDigits, radix), to;
}
char* _i64toa(long long value, char* to, int radix) {
  return _i64toa_s(value, to, kMaximumDigits, radix), to;
}
char* _ui64toa(unsigned long long value, char* to, int radix) {
  return _ui64toa_s(value, to, kMaximumDigits, radix), to;
}
Wide* _itow(int value, Wide* to, int radix) {
  return _itow_s(value, to, kMaximumDigits, radix), to;
}
Wide* _ltow(int value, Wide* to, int radix) {
  return _ltow_s(value, to, kMaximumDigits, radix), to;
}
Wide* _ultow(unsigned value, Wide* to, int radix) {
  return _ultow_s(value, to, kMaximumDigits, radix), to;
}
Wide* _i64tow(long long value, Wide* to, int radix) {
  return _i64tow_s(value, to, kMaximumDigits, radix), to;
}
Wide* _ui64tow(unsigned long long value, Wide* to, int radix) {
  return _ui64tow_s(value, to, kMaximumDigits, radix), to;
}
}
