// SPDX-License-Identifier: MIT
#ifndef RING3_DDI_RTL_NTIFS_H
#define RING3_DDI_RTL_NTIFS_H

#include <ddi/rtl.h>

#endif
