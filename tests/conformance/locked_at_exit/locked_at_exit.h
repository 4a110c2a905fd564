// SPDX-License-Identifier: MIT
#ifndef LOCKED_AT_EXIT_H
#define LOCKED_AT_EXIT_H

#include "../common/test_ioctl.h"

// The driver has the output until the application ends, in the request and locked by itself, finds
// LAST_WRITTEN everywhere then, and writes to it.
#define IOCTL_KEEP_REQUEST TEST_CODE(1, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_KEEP_LOCKED TEST_CODE(2, METHOD_NEITHER, FILE_ANY_ACCESS)
#define LAST_WRITTEN 0x22

#endif
