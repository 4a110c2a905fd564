// SPDX-License-Identifier: MIT
// No guard of its own around the include: libc asks for parts of its header.
#include_next <wchar.h>
#if defined(_WCHAR_H) && !defined(RING3_WIN32_WCHAR_H)
#define RING3_WIN32_WCHAR_H

#include <ring3_crt_stdio.h>
#include <ring3_crt_string.h>

RING3_CRT_START

size_t wcsnlen(const wchar_t* text, size_t size);
int _wtoi(const wchar_t* text);
int _wtol(const wchar_t* text);
long long _wtoi64(const wchar_t* text);
wchar_t* _wcsdup(const wchar_t* text);
int wprintf_s(const wchar_t* format, ...);
int _putws(const wchar_t* text);

RING3_CRT_END

#endif
