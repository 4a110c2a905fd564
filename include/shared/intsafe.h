// SPDX-License-Identifier: MIT
// Overflow-checked integer arithmetic and conversions for applications.
// https://learn.microsoft.com/windows/win32/api/intsafe/
#ifndef RING3_INTSAFE_H
#define RING3_INTSAFE_H

#include <ntdef.h>

#ifdef __cplusplus
extern "C++" {
#endif

#define RING3_INT_NAME(x) x
#define RING3_INT_RESULT HRESULT
#define RING3_INT_OK ((HRESULT)0)
#define RING3_INT_OVERFLOW ((HRESULT)0x80070216L)
#include <ring3_intsafe_impl.h>
#undef RING3_INT_NAME
#undef RING3_INT_RESULT
#undef RING3_INT_OK
#undef RING3_INT_OVERFLOW

#ifdef __cplusplus
}
#endif

#endif
