// SPDX-License-Identifier: MIT
// Case of single UTF-16 units, one to one, as the executive compares names.
#pragma once

#include <cstdint>

namespace ring3::rtl {

wchar_t UpcaseNonAscii(wchar_t c);
wchar_t DowncaseNonAscii(wchar_t c);

inline wchar_t Upcase(wchar_t c) {
  if (static_cast<uint16_t>(c) < 0x80) return c >= L'a' && c <= L'z' ? static_cast<wchar_t>(c - 32) : c;
  return UpcaseNonAscii(c);
}
inline wchar_t Downcase(wchar_t c) {
  if (static_cast<uint16_t>(c) < 0x80) return c >= L'A' && c <= L'Z' ? static_cast<wchar_t>(c + 32) : c;
  return DowncaseNonAscii(c);
}
// Narrow strings: ASCII letters only, since other bytes are parts of UTF-8 sequences.
inline char UpcaseAscii(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

}  // namespace ring3::rtl
