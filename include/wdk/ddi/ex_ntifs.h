// SPDX-License-Identifier: MIT
// Executive support: what ntifs.h adds to ntddk.h.
#ifndef RING3_DDI_EX_NTIFS_H
#define RING3_DDI_EX_NTIFS_H

#include <ddi/ex_ntddk.h>

EXTERN_C_START

NTKERNELAPI SIZE_T NTAPI ExQueryPoolBlockSize(PVOID PoolBlock, PBOOLEAN QuotaCharged);
NTKERNELAPI VOID NTAPI ExAdjustLookasideDepth(VOID);
NTKERNELAPI VOID NTAPI ExDisableResourceBoostLite(PERESOURCE Resource);
#define ExDisableResourceBoost ExDisableResourceBoostLite

EXTERN_C_END

#endif
