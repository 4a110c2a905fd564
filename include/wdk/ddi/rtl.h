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

struct _CM_PARTIAL_RESOURCE_DESCRIPTOR;
struct _IO_RESOURCE_DESCRIPTOR;
NTSYSAPI NTSTATUS NTAPI RtlCmEncodeMemIoResource(_In_ struct _CM_PARTIAL_RESOURCE_DESCRIPTOR* Descriptor, _In_ UCHAR Type,
                                                 _In_ ULONGLONG Length, _In_ ULONGLONG Start);
NTSYSAPI ULONGLONG NTAPI RtlCmDecodeMemIoResource(_In_ struct _CM_PARTIAL_RESOURCE_DESCRIPTOR* Descriptor,
                                                  _Out_opt_ PULONGLONG Start);
NTSYSAPI NTSTATUS NTAPI RtlIoEncodeMemIoResource(_In_ struct _IO_RESOURCE_DESCRIPTOR* Descriptor, _In_ UCHAR Type,
                                                 _In_ ULONGLONG Length, _In_ ULONGLONG Alignment,
                                                 _In_ ULONGLONG MinimumAddress, _In_ ULONGLONG MaximumAddress);
NTSYSAPI ULONGLONG NTAPI RtlIoDecodeMemIoResource(_In_ struct _IO_RESOURCE_DESCRIPTOR* Descriptor,
                                                  _Out_opt_ PULONGLONG Alignment, _Out_opt_ PULONGLONG MinimumAddress,
                                                  _Out_opt_ PULONGLONG MaximumAddress);

NTSYSAPI ULONG NTAPI RtlWalkFrameChain(_Out_ PVOID* Callers, _In_ ULONG Count, _In_ ULONG Flags);

EXTERN_C_END

#endif
