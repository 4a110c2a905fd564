// SPDX-License-Identifier: MIT
// Microsoft's additions to <stdio.h> that need no stream.
#ifndef RING3_CRT_STDIO_H
#define RING3_CRT_STDIO_H

#include <ring3_crt_types.h>

RING3_CRT_START

// At most `count` characters; no terminator when they fill the buffer, and then, or when they do not fit, the result is
// `count` or -1, as Microsoft's.
int _snprintf(char* to, size_t count, const char* format, ...);
int _vsnprintf(char* to, size_t count, const char* format, va_list arguments);
int _snwprintf(wchar_t* to, size_t count, const wchar_t* format, ...);
int _vsnwprintf(wchar_t* to, size_t count, const wchar_t* format, va_list arguments);
int _swprintf(wchar_t* to, const wchar_t* format, ...);
int _vswprintf(wchar_t* to, const wchar_t* format, va_list arguments);

// Always terminated; an empty string and -1 when the text does not fit.
int sprintf_s(char* to, size_t size, const char* format, ...);
int vsprintf_s(char* to, size_t size, const char* format, va_list arguments);
int swprintf_s(wchar_t* to, size_t size, const wchar_t* format, ...);
int vswprintf_s(wchar_t* to, size_t size, const wchar_t* format, va_list arguments);
int _snprintf_s(char* to, size_t size, size_t count, const char* format, ...);
int _vsnprintf_s(char* to, size_t size, size_t count, const char* format, va_list arguments);
int _snwprintf_s(wchar_t* to, size_t size, size_t count, const wchar_t* format, ...);
int _vsnwprintf_s(wchar_t* to, size_t size, size_t count, const wchar_t* format, va_list arguments);

// The length of the text.
int _scprintf(const char* format, ...);
int _vscprintf(const char* format, va_list arguments);
int _scwprintf(const wchar_t* format, ...);
int _vscwprintf(const wchar_t* format, va_list arguments);

int sscanf_s(const char* text, const char* format, ...);
int swscanf_s(const wchar_t* text, const wchar_t* format, ...);

RING3_CRT_END

#ifdef __cplusplus
extern "C++" {
template <size_t N, typename... Arguments>
inline int sprintf_s(char (&to)[N], const char* format, Arguments... arguments) {
  return sprintf_s(to, N, format, arguments...);
}
template <size_t N, typename... Arguments>
inline int swprintf_s(wchar_t (&to)[N], const wchar_t* format, Arguments... arguments) {
  return swprintf_s(to, N, format, arguments...);
}
template <size_t N, typename... Arguments>
inline int _snprintf_s(char (&to)[N], size_t count, const char* format, Arguments... arguments) {
  return _snprintf_s(to, N, count, format, arguments...);
}
template <size_t N, typename... Arguments>
inline int _snwprintf_s(wchar_t (&to)[N], size_t count, const wchar_t* format, Arguments... arguments) {
  return _snwprintf_s(to, N, count, format, arguments...);
}
}
#endif

#endif
