// SPDX-License-Identifier: MIT
// Security: what ntddk.h adds.
#ifndef RING3_DDI_SE_NTDDK_H
#define RING3_DDI_SE_NTDDK_H

#include <ddi/se.h>

EXTERN_C_START

NTKERNELAPI BOOLEAN SeSinglePrivilegeCheck(_In_ LUID PrivilegeValue, _In_ KPROCESSOR_MODE PreviousMode);
NTSYSAPI BOOLEAN RtlNormalizeSecurityDescriptor(_Inout_ PSECURITY_DESCRIPTOR* SecurityDescriptor,
                                                _In_ ULONG SecurityDescriptorLength,
                                                _Out_opt_ PSECURITY_DESCRIPTOR* NewSecurityDescriptor,
                                                _Out_opt_ PULONG NewSecurityDescriptorLength,
                                                _In_ BOOLEAN CheckOnly);

RING3_INLINE LUID RtlConvertLongToLuid(LONG Long) {
  LUID luid;
  luid.LowPart = (ULONG)Long;
  luid.HighPart = Long < 0 ? -1 : 0;
  return luid;
}
RING3_INLINE LUID RtlConvertUlongToLuid(ULONG Ulong) {
  LUID luid;
  luid.LowPart = Ulong;
  luid.HighPart = 0;
  return luid;
}
#define RtlEqualLuid(L1, L2) (((L1)->LowPart == (L2)->LowPart) && ((L1)->HighPart == (L2)->HighPart))
#define RtlIsZeroLuid(L1) ((BOOLEAN)(((L1)->LowPart | (ULONG)(L1)->HighPart) == 0))

EXTERN_C_END

#endif
