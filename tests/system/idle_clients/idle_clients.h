// SPDX-License-Identifier: MIT
#pragma once

#include "../../conformance/common/test_ioctl.h"

// The output is the input.
#define IOCTL_ECHO TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
