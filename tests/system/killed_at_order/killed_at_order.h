// SPDX-License-Identifier: MIT
#ifndef KILLED_AT_ORDER_H
#define KILLED_AT_ORDER_H

#include "../../conformance/common/test_ioctl.h"

// Locks the output, fills it with FILLED and unlocks it. The outcome is that of MmProbeAndLockPages.
#define IOCTL_LOCK TEST_CODE(1, METHOD_NEITHER, FILE_ANY_ACCESS)
// The I/O manager locks it.
#define IOCTL_LOCK_DIRECT TEST_CODE(2, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define FILLED 0x53

// The output is what another process may have locked: with IOCTL_LOCK_OFFERED, once.
#define IOCTL_OFFER TEST_CODE(3, METHOD_NEITHER, FILE_ANY_ACCESS)
#define IOCTL_LOCK_OFFERED TEST_CODE(4, METHOD_BUFFERED, FILE_ANY_ACCESS)

// Maps the driver's pages, the same for all, until the handle is closed; the output is the address. The
// outcome is that of MmMapLockedPagesSpecifyCache.
#define IOCTL_MAP_TO_READ TEST_CODE(5, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_MAP_TO_WRITE TEST_CODE(6, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define MAPPED_TEXT "the driver's pages"
#define MAPPED_PAGES 4

// Waits for the next outcome of another thread: an exception code or STATUS_SUCCESS.
#define IOCTL_OUTCOME TEST_CODE(7, METHOD_BUFFERED, FILE_ANY_ACCESS)

#endif
