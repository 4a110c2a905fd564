// SPDX-License-Identifier: MIT
// UTF-8 and UTF-16, one code point at a time. What is malformed becomes U+FFFD, one for each unit that is
// skipped.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ring3::rtl {

inline constexpr uint32_t kReplacement = 0xFFFD;

struct Decoded {
  uint32_t code_point;
  bool valid;
};

// `s` is moved behind what was read; s != end.
inline Decoded DecodeUtf16(const wchar_t*& s, const wchar_t* end) {
  uint32_t unit = static_cast<uint16_t>(*s++);
  if (unit < 0xD800 || unit > 0xDFFF) return {unit, true};
  if (unit > 0xDBFF || s == end) return {kReplacement, false};
  uint32_t low = static_cast<uint16_t>(*s);
  if (low < 0xDC00 || low > 0xDFFF) return {kReplacement, false};
  ++s;
  return {0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), true};
}

inline Decoded DecodeUtf8(const char*& s, const char* end) {
  uint32_t lead = static_cast<uint8_t>(*s++);
  if (lead < 0x80) return {lead, true};
  size_t trailing = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4 || static_cast<size_t>(end - s) < trailing) return {kReplacement, false};
  uint32_t code_point = lead & (0x3Fu >> trailing);
  for (size_t i = 0; i < trailing; ++i) {
    uint32_t unit = static_cast<uint8_t>(s[i]);
    if ((unit & 0xC0) != 0x80) return {kReplacement, false};
    code_point = code_point << 6 | (unit & 0x3F);
  }
  bool overlong = (trailing == 2 && code_point < 0x800) || (trailing == 3 && code_point < 0x10000);
  if (overlong || code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
    return {kReplacement, false};
  s += trailing;
  return {code_point, true};
}

inline size_t EncodeUtf8(uint32_t c, char out[4]) {
  if (c < 0x80) {
    out[0] = static_cast<char>(c);
    return 1;
  }
  size_t trailing = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  for (size_t i = trailing; i > 0; --i, c >>= 6) out[i] = static_cast<char>(0x80 | (c & 0x3F));
  constexpr uint8_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out[0] = static_cast<char>(kLead[trailing] | c);
  return trailing + 1;
}

inline size_t EncodeUtf16(uint32_t c, wchar_t out[2]) {
  if (c < 0x10000) {
    out[0] = static_cast<wchar_t>(c);
    return 1;
  }
  out[0] = static_cast<wchar_t>(0xD800 + ((c - 0x10000) >> 10));
  out[1] = static_cast<wchar_t>(0xDC00 + (c & 0x3FF));
  return 2;
}

}  // namespace ring3::rtl
