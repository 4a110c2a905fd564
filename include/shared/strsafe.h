// SPDX-License-Identifier: MIT
// Safe string functions for applications.
// https://learn.microsoft.com/windows/win32/api/strsafe/
#ifndef RING3_STRSAFE_H
#define RING3_STRSAFE_H

#include <ring3_strsafe_common.h>

#define STRSAFE_MAX_CCH 2147483647
#define STRSAFE_MAX_LENGTH (STRSAFE_MAX_CCH - 1)
#define STRSAFE_E_INSUFFICIENT_BUFFER ((HRESULT)0x8007007AL)
#define STRSAFE_E_INVALID_PARAMETER ((HRESULT)0x80070057L)
#define STRSAFE_E_END_OF_FILE ((HRESULT)0x80070026L)

#ifdef __cplusplus
extern "C++" {
#endif

#define RING3_SAFE_RESULT HRESULT
#define RING3_SAFE_OK ((HRESULT)0)
#define RING3_SAFE_OVERFLOW STRSAFE_E_INSUFFICIENT_BUFFER
#define RING3_SAFE_INVALID STRSAFE_E_INVALID_PARAMETER
#define RING3_SAFE_MAX STRSAFE_MAX_CCH

#define RING3_SAFE_CHAR CHAR
#define RING3_SAFE_NAME(x) String##x##A
#define RING3_SAFE_LOCAL(x) Ring3String##x##A
#define RING3_SAFE_VPRINTF _vsnprintf
#include <ring3_strsafe_impl.h>

#define RING3_SAFE_CHAR WCHAR
#define RING3_SAFE_NAME(x) String##x##W
#define RING3_SAFE_LOCAL(x) Ring3String##x##W
#define RING3_SAFE_VPRINTF _vsnwprintf
#include <ring3_strsafe_impl.h>

#undef RING3_SAFE_RESULT
#undef RING3_SAFE_OK
#undef RING3_SAFE_OVERFLOW
#undef RING3_SAFE_INVALID
#undef RING3_SAFE_MAX

#ifdef __cplusplus
}
#endif

#ifdef UNICODE
#define RING3_STRSAFE_T(name) name##W
#else
#define RING3_STRSAFE_T(name) name##A
#endif
#define StringCchCopy RING3_STRSAFE_T(StringCchCopy)
#define StringCbCopy RING3_STRSAFE_T(StringCbCopy)
#define StringCchCopyEx RING3_STRSAFE_T(StringCchCopyEx)
#define StringCbCopyEx RING3_STRSAFE_T(StringCbCopyEx)
#define StringCchCopyN RING3_STRSAFE_T(StringCchCopyN)
#define StringCbCopyN RING3_STRSAFE_T(StringCbCopyN)
#define StringCchCopyNEx RING3_STRSAFE_T(StringCchCopyNEx)
#define StringCbCopyNEx RING3_STRSAFE_T(StringCbCopyNEx)
#define StringCchCat RING3_STRSAFE_T(StringCchCat)
#define StringCbCat RING3_STRSAFE_T(StringCbCat)
#define StringCchCatEx RING3_STRSAFE_T(StringCchCatEx)
#define StringCbCatEx RING3_STRSAFE_T(StringCbCatEx)
#define StringCchCatN RING3_STRSAFE_T(StringCchCatN)
#define StringCbCatN RING3_STRSAFE_T(StringCbCatN)
#define StringCchCatNEx RING3_STRSAFE_T(StringCchCatNEx)
#define StringCbCatNEx RING3_STRSAFE_T(StringCbCatNEx)
#define StringCchPrintf RING3_STRSAFE_T(StringCchPrintf)
#define StringCbPrintf RING3_STRSAFE_T(StringCbPrintf)
#define StringCchPrintfEx RING3_STRSAFE_T(StringCchPrintfEx)
#define StringCbPrintfEx RING3_STRSAFE_T(StringCbPrintfEx)
#define StringCchVPrintf RING3_STRSAFE_T(StringCchVPrintf)
#define StringCbVPrintf RING3_STRSAFE_T(StringCbVPrintf)
#define StringCchVPrintfEx RING3_STRSAFE_T(StringCchVPrintfEx)
#define StringCbVPrintfEx RING3_STRSAFE_T(StringCbVPrintfEx)
#define StringCchLength RING3_STRSAFE_T(StringCchLength)
#define StringCbLength RING3_STRSAFE_T(StringCbLength)

#endif
