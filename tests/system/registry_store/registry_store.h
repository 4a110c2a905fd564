// SPDX-License-Identifier: MIT
#pragma once

#include "../../conformance/common/test_ioctl.h"

#define IOCTL_STORE_COUNT TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
