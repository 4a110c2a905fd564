// SPDX-License-Identifier: MIT
// Whole texts in UTF-8 and UTF-16; std::wstring is of no use where wchar_t has 16 bits.
#pragma once

#include <string>
#include <string_view>

#include "rtl/unicode.h"

namespace ring3::rtl {

inline std::u16string Utf16FromUtf8(std::string_view utf8) {
  std::u16string out;
  const char* next = utf8.data();
  const char* const end = next + utf8.size();
  while (next != end) {
    wchar_t units[2];
    const size_t count = EncodeUtf16(DecodeUtf8(next, end).code_point, units);
    out.append(reinterpret_cast<const char16_t*>(units), count);
  }
  return out;
}

inline std::string Utf8FromUtf16(std::u16string_view text) {
  std::string out;
  const auto* next = reinterpret_cast<const wchar_t*>(text.data());
  const auto* const end = next + text.size();
  while (next != end) {
    char bytes[4];
    out.append(bytes, EncodeUtf8(DecodeUtf16(next, end).code_point, bytes));
  }
  return out;
}

inline bool IsWellFormedUtf16(std::u16string_view text) {
  const auto* next = reinterpret_cast<const wchar_t*>(text.data());
  const auto* const end = next + text.size();
  while (next != end) {
    if (!DecodeUtf16(next, end).valid) return false;
  }
  return true;
}

}  // namespace ring3::rtl
