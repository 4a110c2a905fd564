// SPDX-License-Identifier: MIT
// Objects and handles: what ntddk.h adds.
#ifndef RING3_DDI_OB_NTDDK_H
#define RING3_DDI_OB_NTDDK_H

#include <ddi/ob.h>

EXTERN_C_START

extern NTKERNELAPI POBJECT_TYPE* MmSectionObjectType;
extern NTKERNELAPI POBJECT_TYPE* IoFileObjectType;
extern NTKERNELAPI POBJECT_TYPE* CmKeyObjectType;
extern NTKERNELAPI POBJECT_TYPE* PsProcessType;
extern NTKERNELAPI POBJECT_TYPE* PsThreadType;
extern NTKERNELAPI POBJECT_TYPE* SeTokenObjectType;

EXTERN_C_END

#endif
