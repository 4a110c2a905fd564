// SPDX-License-Identifier: MIT
#ifndef RING3_WINIOCTL_H
#define RING3_WINIOCTL_H

#include <devioctl.h>

#endif
