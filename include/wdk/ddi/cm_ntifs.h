// SPDX-License-Identifier: MIT
// The registry: what ntifs.h adds.
#ifndef RING3_DDI_CM_NTIFS_H
#define RING3_DDI_CM_NTIFS_H

#include <ddi/cm_ntddk.h>

EXTERN_C_START

NTKERNELAPI NTSTATUS CmGetBoundTransaction(_In_ PLARGE_INTEGER Cookie, _In_ PVOID Object);
NTKERNELAPI NTSTATUS CmSetCallbackObjectContext(_Inout_ PVOID Object, _In_ PLARGE_INTEGER Cookie,
                                                _In_ PVOID NewContext, _Outptr_opt_ PVOID* OldContext);

EXTERN_C_END

#endif
