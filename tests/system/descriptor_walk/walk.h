// SPDX-License-Identifier: MIT
#ifndef WALK_H
#define WALK_H

#include "../../conformance/common/test_ioctl.h"

// Maps pages of the driver's into the application: PAGES pages, each byte SHARED. The output is their
// address. The rest of the driver's memory, pool beside the pages among it, has SECRET in each eight bytes.
#define IOCTL_WALK_MAP TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_WALK_MAP_READ_ONLY TEST_CODE(2, METHOD_BUFFERED, FILE_ANY_ACCESS)
// A block of pool of less than a page, whose page is full of other blocks.
#define IOCTL_WALK_MAP_POOL TEST_CODE(3, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Locks the output until the handle is closed: memory of the application's becomes shared.
#define IOCTL_WALK_LOCK TEST_CODE(4, METHOD_NEITHER, FILE_ANY_ACCESS)
// Nobody has written into the read-only pages.
#define IOCTL_WALK_CHECK TEST_CODE(5, METHOD_BUFFERED, FILE_ANY_ACCESS)

#define WALK_SECRET 0x5EC2E75EC2E75EC2ull
enum { WALK_PAGES = 4, WALK_SHARED = 0x5A, WALK_SECRET_PAGES = 64 };

#endif
