// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include <cstring>

namespace ring3::win32 {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// The code point at text[*index], which moves on; an ill-formed sequence gives U+FFFD and consumes one byte.
char32_t NextUtf8(std::string_view text, size_t* index) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte((*index)++);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 && lead < 0xF5 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC2 ? 1 : 0;
  if (more == 0 || lead >= 0xF5 || *index + more > text.size()) return kReplacement;
  char32_t point = lead & (0x3F >> more);
  for (int i = 0; i < more; ++i) {
    if ((byte(*index + i) & 0xC0) != 0x80) return kReplacement;
    point = point << 6 | (byte(*index + i) & 0x3F);
  }
  constexpr char32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
  if (point < kLeast[more] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return kReplacement;
  *index += more;
  return point;
}

void AppendUtf8(std::string* out, char32_t point) {
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out->push_back(static_cast<char>(0xC0 | point >> 6));
    out->push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else if (point < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | point >> 12));
    out->push_back(static_cast<char>(0x80 | (point >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | point >> 18));
    out->push_back(static_cast<char>(0x80 | (point >> 12 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (point >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (point & 0x3F)));
  }
}

size_t WideLength(LPCWSTR text) {
  size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}

}  // namespace

std::u16string Widen(std::string_view utf8) {
  std::u16string out;
  out.reserve(utf8.size());
  for (size_t i = 0; i < utf8.size();) {
    const char32_t point = NextUtf8(utf8, &i);
    if (point < 0x10000) {
      out.push_back(static_cast<char16_t>(point));
    } else {
      out.push_back(static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10)));
      out.push_back(static_cast<char16_t>(0xDC00 + ((point - 0x10000) & 0x3FF)));
    }
  }
  return out;
}

std::u16string FromWide(LPCWSTR text) {
  if (text == nullptr) return {};
  return std::u16string(reinterpret_cast<const char16_t*>(text), WideLength(text));
}

std::string Narrow(std::u16string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char32_t point = text[i];
    if (point >= 0xD800 && point < 0xDC00 && i + 1 < text.size() && text[i + 1] >= 0xDC00 && text[i + 1] < 0xE000) {
      point = 0x10000 + ((point - 0xD800) << 10) + (text[++i] - 0xDC00);
    } else if (point >= 0xD800 && point < 0xE000) {
      point = kReplacement;
    }
    AppendUtf8(&out, point);
  }
  return out;
}

extern "C" {

int lstrlenA(LPCSTR lpString) { return lpString == nullptr ? 0 : static_cast<int>(std::strlen(lpString)); }

int lstrlenW(LPCWSTR lpString) { return lpString == nullptr ? 0 : static_cast<int>(WideLength(lpString)); }

int lstrcmpA(LPCSTR lpString1, LPCSTR lpString2) { return std::strcmp(lpString1, lpString2); }

int lstrcmpiA(LPCSTR lpString1, LPCSTR lpString2) {
  const auto lower = [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
  for (;; ++lpString1, ++lpString2) {
    const int a = lower(*lpString1);
    const int b = lower(*lpString2);
    if (a != b || a == 0) return a - b;
  }
}

LPSTR lstrcpyA(LPSTR lpString1, LPCSTR lpString2) { return std::strcpy(lpString1, lpString2); }

// Code pages: the ANSI, OEM and UTF-8 code pages are all UTF-8.
int MultiByteToWideChar(UINT, DWORD, LPCCH lpMultiByteStr, int cbMultiByte, LPWSTR lpWideCharStr, int cchWideChar) {
  if (lpMultiByteStr == nullptr || cbMultiByte == 0 || cchWideChar < 0) {
    FailWith(ERROR_INVALID_PARAMETER);
    return 0;
  }
  const size_t bytes = cbMultiByte < 0 ? std::strlen(lpMultiByteStr) + 1 : static_cast<size_t>(cbMultiByte);
  const std::u16string wide = Widen(std::string_view(lpMultiByteStr, bytes));
  if (cchWideChar == 0) return static_cast<int>(wide.size());
  if (static_cast<size_t>(cchWideChar) < wide.size()) {
    FailWith(ERROR_INSUFFICIENT_BUFFER);
    return 0;
  }
  std::memcpy(lpWideCharStr, wide.data(), wide.size() * 2);
  return static_cast<int>(wide.size());
}

int WideCharToMultiByte(UINT, DWORD, LPCWCH lpWideCharStr, int cchWideChar, LPSTR lpMultiByteStr, int cbMultiByte,
                        LPCCH, BOOL* lpUsedDefaultChar) {
  if (lpWideCharStr == nullptr || cchWideChar == 0 || cbMultiByte < 0) {
    FailWith(ERROR_INVALID_PARAMETER);
    return 0;
  }
  if (lpUsedDefaultChar != nullptr) *lpUsedDefaultChar = FALSE;
  const size_t length = cchWideChar < 0 ? WideLength(lpWideCharStr) + 1 : static_cast<size_t>(cchWideChar);
  const std::string narrow =
      Narrow(std::u16string_view(reinterpret_cast<const char16_t*>(lpWideCharStr), length));
  if (cbMultiByte == 0) return static_cast<int>(narrow.size());
  if (static_cast<size_t>(cbMultiByte) < narrow.size()) {
    FailWith(ERROR_INSUFFICIENT_BUFFER);
    return 0;
  }
  std::memcpy(lpMultiByteStr, narrow.data(), narrow.size());
  return static_cast<int>(narrow.size());
}

}  // extern "C"

}  // namespace ring3::win32
