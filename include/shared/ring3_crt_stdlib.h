// SPDX-License-Identifier: MIT
// Microsoft's additions to <stdlib.h>.
#ifndef RING3_CRT_STDLIB_H
#define RING3_CRT_STDLIB_H

#include <ring3_crt_types.h>

#define _MAX_PATH 260
#define _MAX_DRIVE 3
#define _MAX_DIR 256
#define _MAX_FNAME 256
#define _MAX_EXT 256
#ifndef __max
#define __max(a, b) (((a) > (b)) ? (a) : (b))
#define __min(a, b) (((a) < (b)) ? (a) : (b))
#endif

RING3_CRT_START

char* _itoa(int value, char* to, int radix);
char* _ltoa(int value, char* to, int radix);
char* _ultoa(unsigned int value, char* to, int radix);
char* _i64toa(long long value, char* to, int radix);
char* _ui64toa(unsigned long long value, char* to, int radix);
errno_t _itoa_s(int value, char* to, size_t size, int radix);
errno_t _ltoa_s(int value, char* to, size_t size, int radix);
errno_t _ultoa_s(unsigned int value, char* to, size_t size, int radix);
errno_t _i64toa_s(long long value, char* to, size_t size, int radix);
errno_t _ui64toa_s(unsigned long long value, char* to, size_t size, int radix);
wchar_t* _itow(int value, wchar_t* to, int radix);
wchar_t* _ltow(int value, wchar_t* to, int radix);
wchar_t* _ultow(unsigned int value, wchar_t* to, int radix);
wchar_t* _i64tow(long long value, wchar_t* to, int radix);
wchar_t* _ui64tow(unsigned long long value, wchar_t* to, int radix);
errno_t _itow_s(int value, wchar_t* to, size_t size, int radix);
errno_t _ultow_s(unsigned int value, wchar_t* to, size_t size, int radix);
errno_t _i64tow_s(long long value, wchar_t* to, size_t size, int radix);
errno_t _ui64tow_s(unsigned long long value, wchar_t* to, size_t size, int radix);

long long _atoi64(const char* text);
long long _strtoi64(const char* text, char** end, int base);
unsigned long long _strtoui64(const char* text, char** end, int base);
int _wtoi(const wchar_t* text);
int _wtol(const wchar_t* text);
long long _wtoi64(const wchar_t* text);
long long _wcstoi64(const wchar_t* text, wchar_t** end, int base);
unsigned long long _wcstoui64(const wchar_t* text, wchar_t** end, int base);

errno_t mbstowcs_s(size_t* converted, wchar_t* to, size_t size, const char* from, size_t count);
errno_t wcstombs_s(size_t* converted, char* to, size_t size, const wchar_t* from, size_t count);

RING3_CRT_END

#define _byteswap_ushort(x) __builtin_bswap16(x)
#define _byteswap_ulong(x) __builtin_bswap32(x)
#define _byteswap_uint64(x) __builtin_bswap64(x)
#define _abs64(x) __builtin_llabs(x)

#endif
