// SPDX-License-Identifier: MIT
// Kernel annotations, and the IRQLs that they name.
#ifndef RING3_KERNELSPECS_H
#define RING3_KERNELSPECS_H

#include <driverspecs.h>

#ifndef PASSIVE_LEVEL
#define PASSIVE_LEVEL 0
#define LOW_LEVEL 0
#define APC_LEVEL 1
#define DISPATCH_LEVEL 2
#define CMCI_LEVEL 5
#define CLOCK_LEVEL 13
#define IPI_LEVEL 14
#define DRS_LEVEL 14
#define POWER_LEVEL 14
#define PROFILE_LEVEL 15
#define HIGH_LEVEL 15
#endif

#endif
