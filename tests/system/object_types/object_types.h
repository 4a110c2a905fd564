// SPDX-License-Identifier: MIT
#pragma once

#include "../../conformance/common/test_ioctl.h"

#define IOCTL_CHECK_OBJECT_TYPES TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)

// Handles of the caller.
typedef struct _OBJECT_TYPES_REQUEST {
  ULONG64 Event;
  ULONG64 Semaphore;
  ULONG64 File;
  ULONG64 Thread;
  ULONG64 Process;
} OBJECT_TYPES_REQUEST;
