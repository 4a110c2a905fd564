// SPDX-License-Identifier: MIT
#include "rtl/unicode_text.h"
#include "win32/win32.h"

#include <cstring>

namespace ring3::win32 {
namespace {

size_t WideLength(LPCWSTR text) {
  size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}

std::u16string_view View(LPCWSTR text, size_t length) {
  return {reinterpret_cast<const char16_t*>(text), length};
}

bool IsWellFormedUtf8(std::string_view text) {
  const char* next = text.data();
  const char* const end = next + text.size();
  while (next != end) {
    if (!rtl::DecodeUtf8(next, end).valid) return false;
  }
  return true;
}

// The ANSI, OEM and UTF-8 code pages are all UTF-8; there are no others.
bool IsCodePage(UINT code_page) {
  return code_page == CP_ACP || code_page == CP_OEMCP || code_page == CP_THREAD_ACP || code_page == CP_UTF8;
}

// The contract of both conversions: the units needed for no capacity, ERROR_INSUFFICIENT_BUFFER for too
// little.
template <typename Text, typename Unit>
int Deliver(const Text& text, Unit* to, int capacity) {
  if (capacity == 0) return static_cast<int>(text.size());
  if (static_cast<size_t>(capacity) < text.size()) return FailWith(ERROR_INSUFFICIENT_BUFFER);
  std::memcpy(to, text.data(), text.size() * sizeof(Unit));
  return static_cast<int>(text.size());
}

int CompareIgnoringCase(LPCSTR a, LPCSTR b) {
  const auto lower = [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
  while (*a != 0 && lower(*a) == lower(*b)) ++a, ++b;
  return lower(*a) - lower(*b);
}

}  // namespace

std::u16string Widen(std::string_view utf8) {
  return rtl::Utf16FromUtf8(utf8);
}

std::u16string FromWide(LPCWSTR text) {
  return text == nullptr ? std::u16string() : std::u16string(View(text, WideLength(text)));
}

std::string Narrow(std::u16string_view text) {
  return rtl::Utf8FromUtf16(text);
}

extern "C" {

int lstrlenA(LPCSTR lpString) {
  return lpString == nullptr ? 0 : static_cast<int>(std::strlen(lpString));
}

int lstrlenW(LPCWSTR lpString) {
  return lpString == nullptr ? 0 : static_cast<int>(WideLength(lpString));
}

int lstrcmpA(LPCSTR lpString1, LPCSTR lpString2) {
  return std::strcmp(lpString1, lpString2);
}

int lstrcmpiA(LPCSTR lpString1, LPCSTR lpString2) {
  return CompareIgnoringCase(lpString1, lpString2);
}

LPSTR lstrcpyA(LPSTR lpString1, LPCSTR lpString2) {
  return std::strcpy(lpString1, lpString2);
}

// Returns the units written, or needed where `cchWideChar` is 0; 0 with ERROR_INVALID_PARAMETER,
// ERROR_INVALID_FLAGS, ERROR_INSUFFICIENT_BUFFER or, where MB_ERR_INVALID_CHARS asks for it,
// ERROR_NO_UNICODE_TRANSLATION.
// https://learn.microsoft.com/windows/win32/api/stringapiset/nf-stringapiset-multibytetowidechar
int MultiByteToWideChar(UINT CodePage, DWORD dwFlags, LPCCH lpMultiByteStr, int cbMultiByte,
                        LPWSTR lpWideCharStr, int cchWideChar) {
  if (lpMultiByteStr == nullptr || cbMultiByte == 0 || cbMultiByte < -1 || cchWideChar < 0 ||
      !IsCodePage(CodePage) || (cchWideChar != 0 && lpWideCharStr == nullptr)) {
    return FailWith(ERROR_INVALID_PARAMETER);
  }
  if (CodePage == CP_UTF8 && (dwFlags & ~DWORD{MB_ERR_INVALID_CHARS}) != 0)
    return FailWith(ERROR_INVALID_FLAGS);
  const size_t byte_count =
      cbMultiByte < 0 ? std::strlen(lpMultiByteStr) + 1 : static_cast<size_t>(cbMultiByte);
  const std::string_view text(lpMultiByteStr, byte_count);
  if ((dwFlags & MB_ERR_INVALID_CHARS) && !IsWellFormedUtf8(text))
    return FailWith(ERROR_NO_UNICODE_TRANSLATION);
  return Deliver(Widen(text), lpWideCharStr, cchWideChar);
}

// The same the other way, with WC_ERR_INVALID_CHARS. UTF-8 has every character: a default one is never used,
// and asking for it together with CP_UTF8 is ERROR_INVALID_PARAMETER.
// https://learn.microsoft.com/windows/win32/api/stringapiset/nf-stringapiset-widechartomultibyte
int WideCharToMultiByte(UINT CodePage, DWORD dwFlags, LPCWCH lpWideCharStr, int cchWideChar,
                        LPSTR lpMultiByteStr, int cbMultiByte, LPCCH lpDefaultChar, BOOL* lpUsedDefaultChar) {
  if (lpWideCharStr == nullptr || cchWideChar == 0 || cchWideChar < -1 || cbMultiByte < 0 ||
      !IsCodePage(CodePage) || (cbMultiByte != 0 && lpMultiByteStr == nullptr) ||
      (CodePage == CP_UTF8 && (lpDefaultChar != nullptr || lpUsedDefaultChar != nullptr))) {
    return FailWith(ERROR_INVALID_PARAMETER);
  }
  if (CodePage == CP_UTF8 && (dwFlags & ~DWORD{WC_ERR_INVALID_CHARS}) != 0)
    return FailWith(ERROR_INVALID_FLAGS);
  if (lpUsedDefaultChar != nullptr) *lpUsedDefaultChar = FALSE;
  const size_t length = cchWideChar < 0 ? WideLength(lpWideCharStr) + 1 : static_cast<size_t>(cchWideChar);
  const std::u16string_view text = View(lpWideCharStr, length);
  if ((dwFlags & WC_ERR_INVALID_CHARS) && !rtl::IsWellFormedUtf16(text))
    return FailWith(ERROR_NO_UNICODE_TRANSLATION);
  return Deliver(Narrow(text), lpMultiByteStr, cbMultiByte);
}

}  // extern "C"

}  // namespace ring3::win32
