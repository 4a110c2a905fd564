// SPDX-License-Identifier: MIT
#pragma once

#include "../../conformance/common/test_ioctl.h"

// Between the driver and its clients, the well-behaved one and the hostile ones.
#define IOCTL_ECHO TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
// The output buffer is filled with this.
#define IOCTL_FILL TEST_CODE(2, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define FILLED 0x5A
// Pends until it is cancelled.
#define IOCTL_PEND TEST_CODE(3, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Maps the driver's one page, the same for all, into the caller; its address is the output. Once for each
// file.
#define IOCTL_MAP TEST_CODE(4, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define PAGE_TEXT "the driver's page"
