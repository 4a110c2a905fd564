// SPDX-License-Identifier: MIT
#ifndef RING3_CONCURRENCYSAL_H
#define RING3_CONCURRENCYSAL_H

#include <sal.h>

#endif
