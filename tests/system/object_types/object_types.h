// SPDX-License-Identifier: MIT
#pragma once

#define IOCTL_CHECK_OBJECT_TYPES CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)

// Handles of the caller. The answer is the line of the driver's first failed check, or zero.
typedef struct _OBJECT_TYPES_REQUEST {
  ULONG64 Event;
  ULONG64 Semaphore;
  ULONG64 File;
  ULONG64 Thread;
  ULONG64 Process;
} OBJECT_TYPES_REQUEST;
