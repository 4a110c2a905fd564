// SPDX-License-Identifier: MIT
#ifndef RING3_DDI_RTL_H
#define RING3_DDI_RTL_H

#include <ntdef.h>

#endif
