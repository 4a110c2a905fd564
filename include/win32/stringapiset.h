// SPDX-License-Identifier: MIT
// https://learn.microsoft.com/windows/win32/api/stringapiset/
#ifndef RING3_STRINGAPISET_H
#define RING3_STRINGAPISET_H

#include <minwinbase.h>

EXTERN_C_START

WINBASEAPI int WINAPI MultiByteToWideChar(UINT CodePage, DWORD dwFlags, LPCCH lpMultiByteStr, int cbMultiByte,
                                          LPWSTR lpWideCharStr, int cchWideChar);
WINBASEAPI int WINAPI WideCharToMultiByte(UINT CodePage, DWORD dwFlags, LPCWCH lpWideCharStr, int cchWideChar,
                                          LPSTR lpMultiByteStr, int cbMultiByte, LPCCH lpDefaultChar,
                                          BOOL* lpUsedDefaultChar);

EXTERN_C_END

#endif
