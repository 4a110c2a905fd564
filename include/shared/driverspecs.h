// SPDX-License-Identifier: MIT
#ifndef RING3_DRIVERSPECS_H
#define RING3_DRIVERSPECS_H

#include <sal.h>

#endif
