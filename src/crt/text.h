// SPDX-License-Identifier: MIT
// Algorithms over text of either width, for the exported routines of the C runtime. Freestanding.
#ifndef RING3_CRT_TEXT_H
#define RING3_CRT_TEXT_H

#include <cstddef>
#include <cstdint>

namespace ring3::crt {

using Error = int;
constexpr Error kInvalid = 22;    // EINVAL
constexpr Error kRange = 34;      // ERANGE
constexpr Error kTruncated = 80;  // STRUNCATE
constexpr size_t kTruncate = static_cast<size_t>(-1);

template <typename Char>
constexpr Char ToLower(Char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<Char>(c + ('a' - 'A'));
  // Latin-1, as every Windows locale has it; other scripts are left alone.
  if (sizeof(Char) > 1 && c >= 0xC0 && c <= 0xDE && c != 0xD7) return static_cast<Char>(c + 0x20);
  return c;
}

template <typename Char>
constexpr Char ToUpper(Char c) {
  if (c >= 'a' && c <= 'z') return static_cast<Char>(c - ('a' - 'A'));
  if (sizeof(Char) > 1 && c >= 0xE0 && c <= 0xFE && c != 0xF7) return static_cast<Char>(c - 0x20);
  return c;
}

template <typename Char>
constexpr bool IsSpace(Char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

template <typename Char>
size_t Length(const Char* text) {
  size_t length = 0;
  while (text[length]) ++length;
  return length;
}

template <typename Char>
size_t Length(const Char* text, size_t size) {
  size_t length = 0;
  while (length < size && text[length]) ++length;
  return length;
}

// The value of a digit in any base, 36 for what is none.
template <typename Char>
constexpr unsigned DigitValue(Char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A') + 10;
  return 36;
}

template <typename Char>
int CompareIgnoringCase(const Char* a, const Char* b, size_t count) {
  for (; count != 0; --count, ++a, ++b) {
    const int difference =
        static_cast<int>(
            ToLower(static_cast<unsigned>(sizeof(Char) > 1 ? *a : static_cast<unsigned char>(*a)))) -
        static_cast<int>(
            ToLower(static_cast<unsigned>(sizeof(Char) > 1 ? *b : static_cast<unsigned char>(*b))));
    if (difference != 0) return difference;
    if (!*a) break;
  }
  return 0;
}

// The *_s copies: on failure the target is an empty string.
template <typename Char>
Error CopyChecked(Char* to, size_t size, const Char* from, size_t count) {
  if (!to || size == 0) return kInvalid;
  if (!from) {
    to[0] = 0;
    return kInvalid;
  }
  const bool truncates = count == kTruncate;
  size_t i = 0;
  for (; i < count && from[i]; ++i) {
    if (i + 1 >= size) {
      to[truncates ? i : 0] = 0;
      return truncates ? kTruncated : kRange;
    }
    to[i] = from[i];
  }
  to[i] = 0;
  return 0;
}

template <typename Char>
Error AppendChecked(Char* to, size_t size, const Char* from, size_t count) {
  if (!to || size == 0) return kInvalid;
  const size_t length = Length(to, size);
  if (length == size || !from) {
    to[0] = 0;
    return kInvalid;
  }
  const Error error = CopyChecked(to + length, size - length, from, count);
  if (error == kRange) to[0] = 0;
  return error;
}

template <typename Char>
bool Contains(const Char* set, Char c) {
  for (; *set; ++set) {
    if (*set == c) return true;
  }
  return false;
}

template <typename Char>
Char* NextToken(Char* text, const Char* delimiters, Char** context) {
  if (!text) text = *context;
  if (!text) return nullptr;
  while (*text && Contains(delimiters, *text)) ++text;
  if (!*text) {
    *context = text;
    return nullptr;
  }
  Char* const token = text;
  while (*text && !Contains(delimiters, *text)) ++text;
  if (*text) *text++ = 0;
  *context = text;
  return token;
}

template <typename Char>
Char* Reverse(Char* text) {
  size_t end = Length(text);
  for (size_t begin = 0; begin + 1 < end; ++begin) {
    --end;
    const Char c = text[begin];
    text[begin] = text[end];
    text[end] = c;
  }
  return text;
}

template <typename Char, typename Map>
Char* Transform(Char* text, Map map) {
  for (Char* at = text; *at; ++at) *at = map(*at);
  return text;
}

struct ParsedInteger {
  uint64_t magnitude;  // saturated
  bool negative;
  bool overflow;
};

// The grammar of strtol; `*end` is `text` when there is no number.
template <typename Char>
ParsedInteger ParseInteger(const Char* text, Char** end, int base) {
  ParsedInteger result{};
  const Char* at = text;
  while (IsSpace(*at)) ++at;
  if (*at == '+' || *at == '-') result.negative = *at++ == '-';
  if ((base == 0 || base == 16) && at[0] == '0' && (at[1] == 'x' || at[1] == 'X') && DigitValue(at[2]) < 16) {
    at += 2;
    base = 16;
  } else if (base == 0) {
    base = *at == '0' ? 8 : 10;
  }
  const Char* const digits = at;
  for (unsigned digit; (digit = DigitValue(*at)) < static_cast<unsigned>(base); ++at) {
    uint64_t next;
    if (__builtin_mul_overflow(result.magnitude, static_cast<uint64_t>(base), &next) ||
        __builtin_add_overflow(next, digit, &next)) {
      result.overflow = true;
      result.magnitude = UINT64_MAX;
    } else if (!result.overflow) {
      result.magnitude = next;
    }
  }
  if (end) *end = const_cast<Char*>(at == digits ? text : at);
  return result;
}

// Of `Value`'s width, saturated as strtol's.
template <typename Value, typename Char>
Value ParseSigned(const Char* text, Char** end, int base) {
  constexpr uint64_t kMax = static_cast<uint64_t>(static_cast<Value>(~(Value(1) << (sizeof(Value) * 8 - 1))));
  const ParsedInteger parsed = ParseInteger(text, end, base);
  if (parsed.negative) {
    return parsed.magnitude > kMax ? static_cast<Value>(-static_cast<Value>(kMax) - 1)
                                   : static_cast<Value>(-static_cast<int64_t>(parsed.magnitude));
  }
  return parsed.magnitude > kMax ? static_cast<Value>(kMax) : static_cast<Value>(parsed.magnitude);
}

template <typename Value, typename Char>
Value ParseUnsigned(const Char* text, Char** end, int base) {
  constexpr Value kMax = static_cast<Value>(~Value(0));
  const ParsedInteger parsed = ParseInteger(text, end, base);
  if (parsed.magnitude > kMax) return kMax;
  return static_cast<Value>(parsed.negative ? 0 - parsed.magnitude : parsed.magnitude);
}

// Digits of `magnitude`; false, and an empty string, when they do not fit.
template <typename Char>
bool PrintInteger(uint64_t magnitude, bool negative, unsigned radix, Char* to, size_t size) {
  if (size != 0) to[0] = 0;
  if (radix < 2 || radix > 36) return false;
  Char digits[65];
  size_t count = 0;
  do {
    digits[count++] = static_cast<Char>("0123456789abcdefghijklmnopqrstuvwxyz"[magnitude % radix]);
    magnitude /= radix;
  } while (magnitude != 0);
  if (negative) digits[count++] = '-';
  if (count >= size) return false;
  for (size_t i = 0; i < count; ++i) to[i] = digits[count - 1 - i];
  to[count] = 0;
  return true;
}

}  // namespace ring3::crt

#endif
