// SPDX-License-Identifier: MIT
#include "../common/test_ioctl.h"

// Completed in dispatch: the input is the output.
#define IOCTL_OVERLAPPED_ECHO TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
