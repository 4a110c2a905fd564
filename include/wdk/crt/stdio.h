// SPDX-License-Identifier: MIT
#ifndef RING3_STDIO_H
#define RING3_STDIO_H

#include <ring3_crt_stdio.h>

RING3_CRT_START

int sprintf(char* to, const char* format, ...);
int vsprintf(char* to, const char* format, va_list arguments);
int snprintf(char* to, size_t size, const char* format, ...);
int vsnprintf(char* to, size_t size, const char* format, va_list arguments);
int sscanf(const char* text, const char* format, ...);
int swscanf(const wchar_t* text, const wchar_t* format, ...);

RING3_CRT_END

// The kernel's runtime has them without a size, the standard's with one: the arguments tell.
#ifdef __cplusplus
#define RING3_OVERLOAD
#else
#define RING3_OVERLOAD __attribute__((overloadable))
#endif
RING3_OVERLOAD int swprintf(wchar_t* to, const wchar_t* format, ...) __asm__("_swprintf");
RING3_OVERLOAD int swprintf(wchar_t* to, size_t size, const wchar_t* format, ...) __asm__("swprintf");
RING3_OVERLOAD int vswprintf(wchar_t* to, const wchar_t* format, va_list arguments) __asm__("_vswprintf");
RING3_OVERLOAD int vswprintf(wchar_t* to, size_t size, const wchar_t* format, va_list arguments) __asm__("vswprintf");

#endif
