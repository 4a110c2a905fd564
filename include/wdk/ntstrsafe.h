// SPDX-License-Identifier: MIT
// Safe string functions for drivers.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/using-safe-string-functions
#ifndef RING3_NTSTRSAFE_H
#define RING3_NTSTRSAFE_H
#define _NTSTRSAFE_H_INCLUDED_

#include <ntstatus.h>
#include <ring3_strsafe_common.h>

#define NTSTRSAFE_MAX_CCH 2147483647
#define NTSTRSAFE_MAX_LENGTH (NTSTRSAFE_MAX_CCH - 1)
#define NTSTRSAFE_UNICODE_STRING_MAX_CCH (0xffff / sizeof(WCHAR))
#ifndef STRSAFE_MAX_CCH
#define STRSAFE_MAX_CCH NTSTRSAFE_MAX_CCH
#endif

#ifdef __cplusplus
extern "C++" {
#endif

#define RING3_SAFE_RESULT NTSTATUS
#define RING3_SAFE_OK STATUS_SUCCESS
#define RING3_SAFE_OVERFLOW STATUS_BUFFER_OVERFLOW
#define RING3_SAFE_INVALID STATUS_INVALID_PARAMETER
#define RING3_SAFE_MAX NTSTRSAFE_MAX_CCH

#define RING3_SAFE_CHAR CHAR
#define RING3_SAFE_NAME(x) RtlString##x##A
#define RING3_SAFE_LOCAL(x) Ring3RtlString##x##A
#define RING3_SAFE_VPRINTF _vsnprintf
#include <ring3_strsafe_impl.h>

#define RING3_SAFE_CHAR WCHAR
#define RING3_SAFE_NAME(x) RtlString##x##W
#define RING3_SAFE_LOCAL(x) Ring3RtlString##x##W
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
#define RING3_NTSTRSAFE_T(name) name##W
#else
#define RING3_NTSTRSAFE_T(name) name##A
#endif
#define RtlStringCchCopy RING3_NTSTRSAFE_T(RtlStringCchCopy)
#define RtlStringCbCopy RING3_NTSTRSAFE_T(RtlStringCbCopy)
#define RtlStringCchCopyEx RING3_NTSTRSAFE_T(RtlStringCchCopyEx)
#define RtlStringCbCopyEx RING3_NTSTRSAFE_T(RtlStringCbCopyEx)
#define RtlStringCchCopyN RING3_NTSTRSAFE_T(RtlStringCchCopyN)
#define RtlStringCbCopyN RING3_NTSTRSAFE_T(RtlStringCbCopyN)
#define RtlStringCchCopyNEx RING3_NTSTRSAFE_T(RtlStringCchCopyNEx)
#define RtlStringCbCopyNEx RING3_NTSTRSAFE_T(RtlStringCbCopyNEx)
#define RtlStringCchCat RING3_NTSTRSAFE_T(RtlStringCchCat)
#define RtlStringCbCat RING3_NTSTRSAFE_T(RtlStringCbCat)
#define RtlStringCchCatEx RING3_NTSTRSAFE_T(RtlStringCchCatEx)
#define RtlStringCbCatEx RING3_NTSTRSAFE_T(RtlStringCbCatEx)
#define RtlStringCchCatN RING3_NTSTRSAFE_T(RtlStringCchCatN)
#define RtlStringCbCatN RING3_NTSTRSAFE_T(RtlStringCbCatN)
#define RtlStringCchCatNEx RING3_NTSTRSAFE_T(RtlStringCchCatNEx)
#define RtlStringCbCatNEx RING3_NTSTRSAFE_T(RtlStringCbCatNEx)
#define RtlStringCchPrintf RING3_NTSTRSAFE_T(RtlStringCchPrintf)
#define RtlStringCbPrintf RING3_NTSTRSAFE_T(RtlStringCbPrintf)
#define RtlStringCchPrintfEx RING3_NTSTRSAFE_T(RtlStringCchPrintfEx)
#define RtlStringCbPrintfEx RING3_NTSTRSAFE_T(RtlStringCbPrintfEx)
#define RtlStringCchVPrintf RING3_NTSTRSAFE_T(RtlStringCchVPrintf)
#define RtlStringCbVPrintf RING3_NTSTRSAFE_T(RtlStringCbVPrintf)
#define RtlStringCchVPrintfEx RING3_NTSTRSAFE_T(RtlStringCchVPrintfEx)
#define RtlStringCbVPrintfEx RING3_NTSTRSAFE_T(RtlStringCbVPrintfEx)
#define RtlStringCchLength RING3_NTSTRSAFE_T(RtlStringCchLength)
#define RtlStringCbLength RING3_NTSTRSAFE_T(RtlStringCbLength)
#define RtlUnalignedStringCchLengthW RtlStringCchLengthW
#define RtlUnalignedStringCbLengthW RtlStringCbLengthW

#ifndef NTSTRSAFE_NO_UNICODE_STRING_FUNCTIONS
#include <ring3_unicode_strsafe.h>
#endif

#endif
