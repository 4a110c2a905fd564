// SPDX-License-Identifier: MIT
#ifndef SOAK_H
#define SOAK_H

#include "../conformance/common/test_ioctl.h"

#define IOCTL_SOAK_ECHO TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Until it is cancelled, or the handle is closed.
#define IOCTL_SOAK_PEND TEST_CODE(2, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
// The driver completes it, a little later, from a DPC. It cannot be cancelled.
#define IOCTL_SOAK_SLOW TEST_CODE(3, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
// Sums the input's bytes into the first eight of the output, by their addresses.
#define IOCTL_SOAK_SUM TEST_CODE(4, METHOD_NEITHER, FILE_ANY_ACCESS)
// Locks the output, fills it and keeps it locked until IOCTL_SOAK_UNLOCK or the handle is closed.
#define IOCTL_SOAK_LOCK TEST_CODE(5, METHOD_NEITHER, FILE_ANY_ACCESS)
#define IOCTL_SOAK_UNLOCK TEST_CODE(6, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Maps pages of the driver's into the application, until IOCTL_SOAK_UNMAP or the handle is closed. Output:
// the address.
#define IOCTL_SOAK_MAP TEST_CODE(7, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_SOAK_UNMAP TEST_CODE(8, METHOD_BUFFERED, FILE_ANY_ACCESS)
// A system thread, attached to the application, adds one to each byte of the output.
#define IOCTL_SOAK_ATTACH TEST_CODE(9, METHOD_NEITHER, FILE_ANY_ACCESS)

#endif
