// SPDX-License-Identifier: MIT
// Executive support: what ntddk.h adds to wdm.h.
#ifndef RING3_DDI_EX_NTDDK_H
#define RING3_DDI_EX_NTDDK_H

#include <ddi/ex.h>

EXTERN_C_START

struct _GUID;

NTKERNELAPI NTSTATUS NTAPI ExUuidCreate(struct _GUID* Uuid);

EXTERN_C_END

#endif
