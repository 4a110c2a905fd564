// SPDX-License-Identifier: MIT
// Memory manager: what ntifs.h adds to ntddk.h. The Zw/Nt services themselves are declared with the system services.
#ifndef RING3_DDI_MM_NTIFS_H
#define RING3_DDI_MM_NTIFS_H

#include "mm_ntddk.h"

EXTERN_C_START

typedef enum _MEMORY_INFORMATION_CLASS { MemoryBasicInformation } MEMORY_INFORMATION_CLASS;

EXTERN_C_END

#endif
