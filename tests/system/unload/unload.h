// SPDX-License-Identifier: MIT
#ifndef UNLOAD_H
#define UNLOAD_H

#include "../../conformance/common/test_ioctl.h"

// The driver has the output locked, or a page of its own mapped, until IRP_MJ_CLEANUP. The output of the
// second is the address.
#define IOCTL_LOCK TEST_CODE(1, METHOD_NEITHER, FILE_ANY_ACCESS)
#define IOCTL_MAP TEST_CODE(2, METHOD_BUFFERED, FILE_ANY_ACCESS)
// What is wrong: the driver forgets that in IRP_MJ_CLEANUP; and in DriverUnload as well, or frees the MDL
// there.
#define IOCTL_FORGET TEST_CODE(3, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_FREE TEST_CODE(4, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Fills what is locked.
#define IOCTL_FILL TEST_CODE(5, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FILLED 0x57
#define PAGE_TEXT "a page of the driver's"
#define LOCKED_PAGES 3

#endif
