// SPDX-License-Identifier: MIT
#include <ntdef.h>
#undef assert
#ifdef NDEBUG
#define assert(e) ((void)0)
#else
EXTERN_C NTSYSAPI VOID NTAPI RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PSTR Message);
#define assert(e) ((void)((e) || (RtlAssert((PVOID) #e, (PVOID)__FILE__, __LINE__, 0), 0)))
#endif
