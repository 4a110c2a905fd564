// SPDX-License-Identifier: MIT
// printf in Microsoft's dialect, for narrow (UTF-8) and wide (UTF-16) output. Freestanding: no heap, no
// locale, no library but what the compiler brings, so that the executive, the C runtime of drivers and that
// of applications share it.
#pragma once

#include <stdarg.h>
#include <stddef.h>

namespace ring3::format {

// Where output goes: `write` receives runs of units, any number of times, in order.
template <typename Unit>
struct Sink {
  void (*write)(void* context, const Unit* units, size_t count);
  void* context;
};

// Formats `args` by `format` into `sink`; returns the number of units written.
//
// Beyond C: sizes `I64`, `I32`, `I` (pointer) and `w`; `l` is 32 bits wide; `%S` and `%C` are of the other
// width than the format; `%Z` is an ANSI_STRING*, `%wZ` a UNICODE_STRING*; `%p` is 16 upper-case digits. `%n`
// writes nothing.
size_t Format(Sink<char> sink, const char* format, va_list args);
size_t Format(Sink<wchar_t> sink, const wchar_t* format, va_list args);

// The same into a buffer of `size` units. No terminator is written; what does not fit is dropped but counted.
size_t FormatToBuffer(char* buffer, size_t size, const char* format, va_list args);
size_t FormatToBuffer(wchar_t* buffer, size_t size, const wchar_t* format, va_list args);

}  // namespace ring3::format
