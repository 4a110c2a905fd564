// SPDX-License-Identifier: MIT
// libc's streams, with Microsoft's printf dialect and wide routines behind them (libring3-crt-app.a).
#ifndef RING3_WIN32_STDIO_H
#define RING3_WIN32_STDIO_H

#include_next <stdio.h>
#include <ring3_crt_stdio.h>

RING3_CRT_START

int printf_s(const char* format, ...);
int fprintf_s(FILE* file, const char* format, ...);
int vfprintf_s(FILE* file, const char* format, va_list arguments);
int wprintf(const wchar_t* format, ...);
int wprintf_s(const wchar_t* format, ...);
int fwprintf(FILE* file, const wchar_t* format, ...);
int fwprintf_s(FILE* file, const wchar_t* format, ...);
int vwprintf(const wchar_t* format, va_list arguments);
int vfwprintf(FILE* file, const wchar_t* format, va_list arguments);
int swprintf(wchar_t* to, size_t size, const wchar_t* format, ...);
int vswprintf(wchar_t* to, size_t size, const wchar_t* format, va_list arguments);
int swscanf(const wchar_t* text, const wchar_t* format, ...);
int scanf_s(const char* format, ...);
int wscanf(const wchar_t* format, ...);
int wscanf_s(const wchar_t* format, ...);
char* gets_s(char* to, size_t size);
wchar_t* fgetws(wchar_t* to, int size, FILE* file);
int fputws(const wchar_t* text, FILE* file);
int _putws(const wchar_t* text);
FILE* _wfopen(const wchar_t* name, const wchar_t* mode);
errno_t fopen_s(FILE** file, const char* name, const char* mode);
errno_t _wfopen_s(FILE** file, const wchar_t* name, const wchar_t* mode);

RING3_CRT_END

#define _fileno fileno

#endif
