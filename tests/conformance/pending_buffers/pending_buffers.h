// SPDX-License-Identifier: MIT
#include "../common/test_ioctl.h"

#define IOCTL_SHARE TEST_CODE(1, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
// Writes to every page of the oldest pending request's buffer, reads it back, and completes that request.
#define IOCTL_USE TEST_CODE(2, METHOD_BUFFERED, FILE_ANY_ACCESS)
