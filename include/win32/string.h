// SPDX-License-Identifier: MIT
#include_next <string.h>
#ifndef RING3_WIN32_STRING_H
#define RING3_WIN32_STRING_H

#include <ring3_crt_string.h>
#include <wchar.h>

RING3_CRT_START

char* _strdup(const char* text);
wchar_t* _wcsdup(const wchar_t* text);

RING3_CRT_END

#define strnlen_s(text, size) ((text) ? strnlen(text, size) : 0)
#define _memccpy memccpy

#endif
