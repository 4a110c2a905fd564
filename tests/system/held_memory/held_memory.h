// SPDX-License-Identifier: MIT
#ifndef HELD_MEMORY_H
#define HELD_MEMORY_H

#include "../../conformance/common/test_ioctl.h"

// The driver keeps the request, cancelled or not, until IOCTL_RELEASE.
#define IOCTL_HOLD_REQUEST TEST_CODE(1, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
// It keeps the output locked; IRP_MJ_CLEANUP waits for IOCTL_RELEASE.
#define IOCTL_HOLD_PAGES TEST_CODE(2, METHOD_NEITHER, FILE_ANY_ACCESS)

// Of others. Waits until the driver has heard that the application ends.
#define IOCTL_AWAIT_END TEST_CODE(3, METHOD_BUFFERED, FILE_ANY_ACCESS)
// By the system address: how many of the bytes are this one; makes all of them this one. Input: a UCHAR.
// Output: the counts.
#define IOCTL_LOOK TEST_CODE(4, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_FILL TEST_CODE(5, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_RELEASE TEST_CODE(6, METHOD_BUFFERED, FILE_ANY_ACCESS)
// The output is the caller's own.
#define IOCTL_OVERWRITE TEST_CODE(7, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define OVERWRITTEN 0x44
typedef struct _COUNTS {
  ULONG Length, Equal;
} COUNTS;

#endif
