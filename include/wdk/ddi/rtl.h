// SPDX-License-Identifier: MIT
// The run-time library.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/_kernel/#run-time-library-rtl-routines
#ifndef RING3_DDI_RTL_H
#define RING3_DDI_RTL_H

#include <ddi/list.h>
#include <ddi/rtl_bitmap.h>
#include <ddi/rtl_exception.h>
#include <ddi/rtl_memory.h>
#include <ddi/rtl_string.h>
#include <ddi/rtl_time.h>
#include <ddi/rtl_version.h>

EXTERN_C_START

#define RtlOffsetToPointer(B, O) ((PCHAR)(((PCHAR)(B)) + ((ULONG_PTR)(O))))
#define RtlPointerToOffset(B, P) ((ULONG)(((PCHAR)(P)) - ((PCHAR)(B))))

NTSYSAPI ULONG NTAPI RtlWalkFrameChain(_Out_ PVOID* Callers, _In_ ULONG Count, _In_ ULONG Flags);

EXTERN_C_END

#endif
