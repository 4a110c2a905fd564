// SPDX-License-Identifier: MIT
// The registry: what ntddk.h adds.
#ifndef RING3_DDI_CM_NTDDK_H
#define RING3_DDI_CM_NTDDK_H

#include <ddi/cm.h>

EXTERN_C_START

NTSYSAPI NTSTATUS RtlQueryRegistryValueWithFallback(_In_opt_ HANDLE PrimaryHandle, _In_opt_ HANDLE FallbackHandle,
                                                    _In_ PUNICODE_STRING ValueName, _In_ ULONG ValueLength,
                                                    _Out_opt_ PULONG ValueType, _Out_ PVOID ValueData,
                                                    _Out_ PULONG ResultLength);

EXTERN_C_END

#endif
