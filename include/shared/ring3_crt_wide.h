// SPDX-License-Identifier: MIT
// Wide strings and characters, for drivers; applications have the standard ones from <wchar.h>.
#ifndef RING3_CRT_WIDE_H
#define RING3_CRT_WIDE_H

#include <ring3_crt_types.h>

#ifndef RING3_WINT_T
#define RING3_WINT_T
typedef unsigned short wctype_t;
#ifndef _WINT_T
#define _WINT_T
typedef unsigned int wint_t;
#endif
#endif
#ifndef WEOF
#define WEOF ((wint_t)0xFFFF)
#endif

RING3_CRT_START

size_t wcslen(const wchar_t* text);
size_t wcsnlen(const wchar_t* text, size_t size);
int wcscmp(const wchar_t* a, const wchar_t* b);
int wcsncmp(const wchar_t* a, const wchar_t* b, size_t count);
wchar_t* wcscpy(wchar_t* to, const wchar_t* from);
wchar_t* wcsncpy(wchar_t* to, const wchar_t* from, size_t count);
wchar_t* wcscat(wchar_t* to, const wchar_t* from);
wchar_t* wcsncat(wchar_t* to, const wchar_t* from, size_t count);
wchar_t* wcschr(const wchar_t* text, wchar_t c);
wchar_t* wcsrchr(const wchar_t* text, wchar_t c);
wchar_t* wcsstr(const wchar_t* text, const wchar_t* part);
size_t wcsspn(const wchar_t* text, const wchar_t* set);
size_t wcscspn(const wchar_t* text, const wchar_t* set);
wchar_t* wcspbrk(const wchar_t* text, const wchar_t* set);
wchar_t* wmemcpy(wchar_t* to, const wchar_t* from, size_t count);
wchar_t* wmemmove(wchar_t* to, const wchar_t* from, size_t count);
wchar_t* wmemset(wchar_t* to, wchar_t c, size_t count);
int wmemcmp(const wchar_t* a, const wchar_t* b, size_t count);
wchar_t* wmemchr(const wchar_t* text, wchar_t c, size_t count);
wint_t towupper(wint_t c);
wint_t towlower(wint_t c);
int iswalpha(wint_t c);
int iswdigit(wint_t c);
int iswalnum(wint_t c);
int iswspace(wint_t c);
int iswupper(wint_t c);
int iswlower(wint_t c);
int iswxdigit(wint_t c);
int iswpunct(wint_t c);
int iswprint(wint_t c);
int iswcntrl(wint_t c);

RING3_CRT_END

#endif
