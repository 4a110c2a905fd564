// SPDX-License-Identifier: MIT
// Overflow-checked integer arithmetic and conversions for drivers.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntintsafe/
#ifndef RING3_NTINTSAFE_H
#define RING3_NTINTSAFE_H

#include <ntdef.h>
#include <ntstatus.h>

#ifdef __cplusplus
extern "C++" {
#endif

#define RING3_INT_NAME(x) Rtl##x
#define RING3_INT_RESULT NTSTATUS
#define RING3_INT_OK STATUS_SUCCESS
#define RING3_INT_OVERFLOW STATUS_INTEGER_OVERFLOW
#include <ring3_intsafe_impl.h>
#undef RING3_INT_NAME
#undef RING3_INT_RESULT
#undef RING3_INT_OK
#undef RING3_INT_OVERFLOW

#ifdef __cplusplus
}
#endif

#endif
