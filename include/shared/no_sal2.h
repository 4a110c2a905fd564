// SPDX-License-Identifier: MIT
#ifndef RING3_NO_SAL2_H
#define RING3_NO_SAL2_H

#include <sal.h>  // SAL 1 and SAL 2 live there side by side.

#endif
