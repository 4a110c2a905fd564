// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "rtl/unicode.h"

namespace ring3::cm {

inline std::u16string Utf16FromUtf8(std::string_view utf8) {
  std::u16string out;
  const char* next = utf8.data();
  const char* const end = next + utf8.size();
  while (next != end) {
    wchar_t units[2];
    const size_t count = rtl::EncodeUtf16(rtl::DecodeUtf8(next, end).code_point, units);
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
    out.append(bytes, rtl::EncodeUtf8(rtl::DecodeUtf16(next, end).code_point, bytes));
  }
  return out;
}

inline bool IsWellFormedUtf16(std::u16string_view text) {
  const auto* next = reinterpret_cast<const wchar_t*>(text.data());
  const auto* const end = next + text.size();
  while (next != end) {
    if (!rtl::DecodeUtf16(next, end).valid) return false;
  }
  return true;
}

}  // namespace ring3::cm
