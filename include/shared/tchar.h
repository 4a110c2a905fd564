// SPDX-License-Identifier: MIT
// Generic text: wide under _UNICODE (or UNICODE), narrow without.
#ifndef RING3_TCHAR_H
#define RING3_TCHAR_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#if defined(_UNICODE) || defined(UNICODE)
#define RING3_TCHAR(narrow, wide) wide
typedef wchar_t _TCHAR, _TSCHAR, _TUCHAR, _TXCHAR;
typedef unsigned int _TINT;
#define __T(text) L##text
#define _TEOF WEOF
#else
#define RING3_TCHAR(narrow, wide) narrow
typedef char _TCHAR;
typedef signed char _TSCHAR;
typedef unsigned char _TUCHAR;
typedef char _TXCHAR;
typedef int _TINT;
#define __T(text) text
#define _TEOF EOF
#endif
#define _T(text) __T(text)
#define _TEXT(text) __T(text)
#ifndef __TCHAR_DEFINED
#define __TCHAR_DEFINED
#endif

#define _tmain RING3_TCHAR(main, wmain)
#define _targv RING3_TCHAR(__argv, __wargv)
#define _tprintf RING3_TCHAR(printf, wprintf)
#define _tprintf_s RING3_TCHAR(printf_s, wprintf_s)
#define _ftprintf RING3_TCHAR(fprintf, fwprintf)
#define _ftprintf_s RING3_TCHAR(fprintf_s, fwprintf_s)
#define _vtprintf RING3_TCHAR(vprintf, vwprintf)
#define _vftprintf RING3_TCHAR(vfprintf, vfwprintf)
#define _stprintf RING3_TCHAR(sprintf, _swprintf)
#define _stprintf_s RING3_TCHAR(sprintf_s, swprintf_s)
#define _vstprintf_s RING3_TCHAR(vsprintf_s, vswprintf_s)
#define _sntprintf RING3_TCHAR(_snprintf, _snwprintf)
#define _sntprintf_s RING3_TCHAR(_snprintf_s, _snwprintf_s)
#define _vsntprintf RING3_TCHAR(_vsnprintf, _vsnwprintf)
#define _vsntprintf_s RING3_TCHAR(_vsnprintf_s, _vsnwprintf_s)
#define _vsctprintf RING3_TCHAR(_vscprintf, _vscwprintf)
#define _sctprintf RING3_TCHAR(_scprintf, _scwprintf)
#define _stscanf RING3_TCHAR(sscanf, swscanf)
#define _stscanf_s RING3_TCHAR(sscanf_s, swscanf_s)
#define _putts RING3_TCHAR(puts, _putws)
#define _fputts RING3_TCHAR(fputs, fputws)
#define _fgetts RING3_TCHAR(fgets, fgetws)
#define _puttchar RING3_TCHAR(putchar, putwchar)
#define _tfopen RING3_TCHAR(fopen, _wfopen)
#define _tfopen_s RING3_TCHAR(fopen_s, _wfopen_s)
#define _tcslen RING3_TCHAR(strlen, wcslen)
#define _tcsnlen RING3_TCHAR(strnlen, wcsnlen)
#define _tcscpy RING3_TCHAR(strcpy, wcscpy)
#define _tcscpy_s RING3_TCHAR(strcpy_s, wcscpy_s)
#define _tcsncpy RING3_TCHAR(strncpy, wcsncpy)
#define _tcsncpy_s RING3_TCHAR(strncpy_s, wcsncpy_s)
#define _tcscat RING3_TCHAR(strcat, wcscat)
#define _tcscat_s RING3_TCHAR(strcat_s, wcscat_s)
#define _tcsncat RING3_TCHAR(strncat, wcsncat)
#define _tcsncat_s RING3_TCHAR(strncat_s, wcsncat_s)
#define _tcscmp RING3_TCHAR(strcmp, wcscmp)
#define _tcsncmp RING3_TCHAR(strncmp, wcsncmp)
#define _tcsicmp RING3_TCHAR(_stricmp, _wcsicmp)
#define _tcsnicmp RING3_TCHAR(_strnicmp, _wcsnicmp)
#define _tcschr RING3_TCHAR(strchr, wcschr)
#define _tcsrchr RING3_TCHAR(strrchr, wcsrchr)
#define _tcsstr RING3_TCHAR(strstr, wcsstr)
#define _tcsspn RING3_TCHAR(strspn, wcsspn)
#define _tcscspn RING3_TCHAR(strcspn, wcscspn)
#define _tcspbrk RING3_TCHAR(strpbrk, wcspbrk)
#define _tcstok RING3_TCHAR(strtok, wcstok)
#define _tcstok_s RING3_TCHAR(strtok_s, wcstok_s)
#define _tcsdup RING3_TCHAR(_strdup, _wcsdup)
#define _tcslwr RING3_TCHAR(_strlwr, _wcslwr)
#define _tcsupr RING3_TCHAR(_strupr, _wcsupr)
#define _tcstol RING3_TCHAR(strtol, wcstol)
#define _tcstoul RING3_TCHAR(strtoul, wcstoul)
#define _tcstoi64 RING3_TCHAR(_strtoi64, _wcstoi64)
#define _tcstoui64 RING3_TCHAR(_strtoui64, _wcstoui64)
#define _ttoi RING3_TCHAR(atoi, _wtoi)
#define _ttol RING3_TCHAR(atol, _wtol)
#define _ttoi64 RING3_TCHAR(_atoi64, _wtoi64)
#define _itot RING3_TCHAR(_itoa, _itow)
#define _itot_s RING3_TCHAR(_itoa_s, _itow_s)
#define _ultot RING3_TCHAR(_ultoa, _ultow)
#define _istdigit RING3_TCHAR(isdigit, iswdigit)
#define _istxdigit RING3_TCHAR(isxdigit, iswxdigit)
#define _istspace RING3_TCHAR(isspace, iswspace)
#define _istalpha RING3_TCHAR(isalpha, iswalpha)
#define _istalnum RING3_TCHAR(isalnum, iswalnum)
#define _totupper RING3_TCHAR(toupper, towupper)
#define _totlower RING3_TCHAR(tolower, towlower)
#define _tsystem RING3_TCHAR(system, _wsystem)
#define _tgetenv RING3_TCHAR(getenv, _wgetenv)

#endif
