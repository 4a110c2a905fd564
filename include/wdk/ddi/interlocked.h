// SPDX-License-Identifier: MIT
#ifndef RING3_DDI_INTERLOCKED_H
#define RING3_DDI_INTERLOCKED_H

#include <interlocked.h>

#endif
