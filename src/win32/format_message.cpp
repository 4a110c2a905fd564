// SPDX-License-Identifier: MIT
#include "win32/messages.h"
#include "win32/win32.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace ring3::win32 {
namespace {

// Inserts %1 … %99 as text. An insert may name its format between exclamation marks: !s! (the default), !d!,
// !u!, !x!.
class Inserts {
 public:
  // With FORMAT_MESSAGE_ARGUMENT_ARRAY `arguments` is an array, whose length nobody knows: only what a
  // message names is read.
  Inserts(DWORD flags, va_list* arguments) : ignore_(flags & FORMAT_MESSAGE_IGNORE_INSERTS) {
    if (arguments == nullptr || ignore_) return;
    if (flags & FORMAT_MESSAGE_ARGUMENT_ARRAY) {
      array_ = reinterpret_cast<const ULONG_PTR*>(arguments);
    } else {
      list_ = arguments;
    }
  }

  bool ignore() const { return ignore_; }
  bool present() const { return array_ != nullptr || list_ != nullptr; }

  ULONG_PTR At(size_t index) {
    if (array_ != nullptr) return array_[index];
    while (taken_ <= index) values_[taken_++] = va_arg(*list_, ULONG_PTR);
    return values_[index];
  }

 private:
  static constexpr size_t kMost = 99;
  ULONG_PTR values_[kMost] = {};
  size_t taken_ = 0;
  const ULONG_PTR* array_ = nullptr;
  va_list* list_ = nullptr;
  bool ignore_;
};

std::string FormatInsert(std::string_view format, ULONG_PTR value, bool wide) {
  if (format.empty() || format == "s") {
    if (value == 0) return "(null)";
    return wide ? Narrow(FromWide(reinterpret_cast<LPCWSTR>(value)))
                : std::string(reinterpret_cast<LPCSTR>(value));
  }
  char buffer[64];
  const std::string spec = "%" + std::string(format);
  switch (format.back()) {
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'c':
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
      std::snprintf(buffer, sizeof(buffer), spec.c_str(), static_cast<int>(value));
#pragma clang diagnostic pop
      return buffer;
    default:
      return std::string(format);
  }
}

// Expands the escapes of a message: %1, %1!d!, %n, %t, %%, %0 (ends the text).
bool Expand(std::string_view text, Inserts* inserts, bool wide, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 1 == text.size()) {
      out->push_back(text[i]);
      continue;
    }
    const char next = text[++i];
    if (next >= '1' && next <= '9') {
      if (inserts->ignore()) {
        out->append({'%', next});
        continue;
      }
      if (!inserts->present()) return false;
      size_t number = static_cast<size_t>(next - '0');
      if (i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9') {
        number = number * 10 + static_cast<size_t>(text[++i] - '0');
      }
      std::string_view format;
      if (i + 1 < text.size() && text[i + 1] == '!') {
        const size_t end = text.find('!', i + 2);
        if (end == text.npos) return false;
        format = text.substr(i + 2, end - i - 2);
        i = end;
      }
      out->append(FormatInsert(format, inserts->At(number - 1), wide));
      continue;
    }
    if (inserts->ignore() && next != '0') {
      out->append({'%', next});
      continue;
    }
    switch (next) {
      case '0':
        return true;
      case 'n':
        out->append("\r\n");
        break;
      case 't':
        out->push_back('\t');
        break;
      case 'r':
        out->push_back('\r');
        break;
      default:
        out->push_back(next);
    }
  }
  return true;
}

// The message in UTF-8; false with the last error set where there is none.
bool MakeMessage(DWORD flags, std::string_view source, DWORD code, va_list* arguments, bool wide,
                 std::string* out) {
  Inserts inserts(flags, arguments);
  if (flags & FORMAT_MESSAGE_FROM_STRING) {
    if (Expand(source, &inserts, wide, out)) return true;
    FailWith(ERROR_INVALID_PARAMETER);
    return false;
  }
  if ((flags & FORMAT_MESSAGE_FROM_SYSTEM) == 0) {
    FailWith(ERROR_INVALID_PARAMETER);
    return false;
  }
  std::string_view text = SystemMessage(code);
  // A HRESULT made of a Win32 code has its text.
  if (text.empty() && (code & 0xFFFF0000) == 0x80070000) text = SystemMessage(code & 0xFFFF);
  if (text.empty()) {
    FailWith(ERROR_MR_MID_NOT_FOUND);
    return false;
  }
  if (!Expand(text, &inserts, wide, out)) {
    FailWith(ERROR_INVALID_PARAMETER);
    return false;
  }
  // With a maximum width given, line ends are left out.
  out->append(flags & FORMAT_MESSAGE_MAX_WIDTH_MASK ? " " : "\r\n");
  return true;
}

template <typename Char, typename Text>
DWORD Deliver(const Text& text, DWORD flags, Char* buffer, DWORD capacity) {
  if (flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) {
    const size_t characters = text.size() + 1 > capacity ? text.size() + 1 : capacity;
    auto* const allocated = static_cast<Char*>(LocalAlloc(LPTR, characters * sizeof(Char)));
    if (allocated == nullptr) return 0;
    std::memcpy(allocated, text.data(), text.size() * sizeof(Char));
    *reinterpret_cast<Char**>(buffer) = allocated;
    return static_cast<DWORD>(text.size());
  }
  if (capacity <= text.size()) {
    FailWith(ERROR_INSUFFICIENT_BUFFER);
    return 0;
  }
  std::memcpy(buffer, text.data(), text.size() * sizeof(Char));
  buffer[text.size()] = 0;
  return static_cast<DWORD>(text.size());
}

}  // namespace

extern "C" {

// https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-formatmessagew
// Returns the number of characters stored, without the terminator; 0 and the last error on failure. The one
// language is English: dwLanguageId is not looked at.
DWORD FormatMessageA(DWORD dwFlags, LPCVOID lpSource, DWORD dwMessageId, DWORD, LPSTR lpBuffer, DWORD nSize,
                     va_list* Arguments) {
  std::string text;
  const std::string_view source = dwFlags & FORMAT_MESSAGE_FROM_STRING ? static_cast<LPCSTR>(lpSource) : "";
  if (!MakeMessage(dwFlags, source, dwMessageId, Arguments, false, &text)) return 0;
  return Deliver(text, dwFlags, lpBuffer, nSize);
}

DWORD FormatMessageW(DWORD dwFlags, LPCVOID lpSource, DWORD dwMessageId, DWORD, LPWSTR lpBuffer, DWORD nSize,
                     va_list* Arguments) {
  std::string text;
  const std::string source =
      dwFlags & FORMAT_MESSAGE_FROM_STRING ? Narrow(FromWide(static_cast<LPCWSTR>(lpSource))) : std::string();
  if (!MakeMessage(dwFlags, source, dwMessageId, Arguments, true, &text)) return 0;
  return Deliver(Widen(text), dwFlags, lpBuffer, nSize);
}

}  // extern "C"

}  // namespace ring3::win32
