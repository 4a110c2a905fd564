// SPDX-License-Identifier: MIT
// What ntstrsafe.h and strsafe.h have in common.
#ifndef RING3_STRSAFE_COMMON_H
#define RING3_STRSAFE_COMMON_H

#include <stdarg.h>
#include <stddef.h>

#include <ntdef.h>

#define STRSAFE_IGNORE_NULLS 0x00000100
#define STRSAFE_FILL_BEHIND_NULL 0x00000200
#define STRSAFE_FILL_BEHIND STRSAFE_FILL_BEHIND_NULL
#define STRSAFE_FILL_ON_FAILURE 0x00000400
#define STRSAFE_NULL_ON_FAILURE 0x00000800
#define STRSAFE_NO_TRUNCATION 0x00001000
#define STRSAFE_ZERO_LENGTH_ON_FAILURE 0x00000800
#define STRSAFE_FILL_BYTE(x) ((ULONG)(((x) & 0x000000FF) | STRSAFE_FILL_BEHIND_NULL))
#define STRSAFE_FAILURE_BYTE(x) ((ULONG)(((x) & 0x000000FF) | STRSAFE_FILL_ON_FAILURE))
#define STRSAFE_GET_FILL_PATTERN(dwFlags) ((int)((dwFlags) & 0x000000FF))

#define RING3_STRSAFE_IGNORE_NULLS 0x100u
#define RING3_STRSAFE_FILL_BEHIND_NULL 0x200u
#define RING3_STRSAFE_FILL_ON_FAILURE 0x400u
#define RING3_STRSAFE_NULL_ON_FAILURE 0x800u
#define RING3_STRSAFE_NO_TRUNCATION 0x1000u
#define RING3_STRSAFE_VALID_FLAGS 0x1fffu

EXTERN_C_START
int _vsnprintf(char* to, size_t count, const char* format, va_list arguments);
int _vsnwprintf(WCHAR* to, size_t count, const WCHAR* format, va_list arguments);
EXTERN_C_END

#endif
