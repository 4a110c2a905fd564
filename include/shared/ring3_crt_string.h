// SPDX-License-Identifier: MIT
// Microsoft's additions to <string.h> and <wchar.h>.
#ifndef RING3_CRT_STRING_H
#define RING3_CRT_STRING_H

#include <ring3_crt_types.h>

RING3_CRT_START

errno_t memcpy_s(void* to, rsize_t to_size, const void* from, rsize_t count);
errno_t memmove_s(void* to, rsize_t to_size, const void* from, rsize_t count);
errno_t strcpy_s(char* to, rsize_t to_size, const char* from);
errno_t strncpy_s(char* to, rsize_t to_size, const char* from, rsize_t count);
errno_t strcat_s(char* to, rsize_t to_size, const char* from);
errno_t strncat_s(char* to, rsize_t to_size, const char* from, rsize_t count);
char* strtok_s(char* text, const char* delimiters, char** context);
errno_t _strlwr_s(char* text, size_t size);
errno_t _strupr_s(char* text, size_t size);
char* _strlwr(char* text);
char* _strupr(char* text);
char* _strrev(char* text);
char* _strset(char* text, int c);
char* _strnset(char* text, int c, size_t count);
int _stricmp(const char* a, const char* b);
int _strcmpi(const char* a, const char* b);
int _strnicmp(const char* a, const char* b, size_t count);
int _memicmp(const void* a, const void* b, size_t count);
int stricmp(const char* a, const char* b);
int strnicmp(const char* a, const char* b, size_t count);
char* strlwr(char* text);
char* strupr(char* text);

errno_t wmemcpy_s(wchar_t* to, rsize_t to_size, const wchar_t* from, rsize_t count);
errno_t wmemmove_s(wchar_t* to, rsize_t to_size, const wchar_t* from, rsize_t count);
errno_t wcscpy_s(wchar_t* to, rsize_t to_size, const wchar_t* from);
errno_t wcsncpy_s(wchar_t* to, rsize_t to_size, const wchar_t* from, rsize_t count);
errno_t wcscat_s(wchar_t* to, rsize_t to_size, const wchar_t* from);
errno_t wcsncat_s(wchar_t* to, rsize_t to_size, const wchar_t* from, rsize_t count);
wchar_t* wcstok_s(wchar_t* text, const wchar_t* delimiters, wchar_t** context);
errno_t _wcslwr_s(wchar_t* text, size_t size);
errno_t _wcsupr_s(wchar_t* text, size_t size);
wchar_t* _wcslwr(wchar_t* text);
wchar_t* _wcsupr(wchar_t* text);
wchar_t* _wcsrev(wchar_t* text);
wchar_t* _wcsset(wchar_t* text, wchar_t c);
wchar_t* _wcsnset(wchar_t* text, wchar_t c, size_t count);
int _wcsicmp(const wchar_t* a, const wchar_t* b);
int _wcsnicmp(const wchar_t* a, const wchar_t* b, size_t count);
int wcsicmp(const wchar_t* a, const wchar_t* b);
int wcsnicmp(const wchar_t* a, const wchar_t* b, size_t count);
wchar_t* wcslwr(wchar_t* text);
wchar_t* wcsupr(wchar_t* text);

RING3_CRT_END

#ifdef __cplusplus
extern "C++" {
template <size_t N>
inline errno_t strcpy_s(char (&to)[N], const char* from) { return strcpy_s(to, N, from); }
template <size_t N>
inline errno_t strncpy_s(char (&to)[N], const char* from, size_t count) { return strncpy_s(to, N, from, count); }
template <size_t N>
inline errno_t strcat_s(char (&to)[N], const char* from) { return strcat_s(to, N, from); }
template <size_t N>
inline errno_t strncat_s(char (&to)[N], const char* from, size_t count) { return strncat_s(to, N, from, count); }
template <size_t N>
inline errno_t wcscpy_s(wchar_t (&to)[N], const wchar_t* from) { return wcscpy_s(to, N, from); }
template <size_t N>
inline errno_t wcsncpy_s(wchar_t (&to)[N], const wchar_t* from, size_t count) { return wcsncpy_s(to, N, from, count); }
template <size_t N>
inline errno_t wcscat_s(wchar_t (&to)[N], const wchar_t* from) { return wcscat_s(to, N, from); }
template <size_t N>
inline errno_t wcsncat_s(wchar_t (&to)[N], const wchar_t* from, size_t count) { return wcsncat_s(to, N, from, count); }
}
#endif

#endif
