// SPDX-License-Identifier: MIT
#ifndef RING3_DDI_RTL_NTDDK_H
#define RING3_DDI_RTL_NTDDK_H

#include <ddi/rtl.h>

#endif
