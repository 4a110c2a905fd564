// SPDX-License-Identifier: MIT
#include "../common/test_ioctl.h"

// Says what the driver got: lengths, and whether there was a system buffer.
#define IOCTL_DESCRIBE TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
typedef struct _DESCRIPTION {
  ULONG InLength, OutLength;
  ULONG HasSystemBuffer;
  ULONG SumOfInput;
} DESCRIPTION;
// The same as an event, with no output: the driver checks that there is no buffer.
#define IOCTL_NOTHING TEST_CODE(2, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Fills the output with 0x5A and completes with the status and byte count of the input.
#define IOCTL_ANSWER TEST_CODE(3, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Pends; KEPT adds up the input of the pending request as the driver sees it now.
#define IOCTL_KEEP TEST_CODE(4, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_KEPT TEST_CODE(5, METHOD_BUFFERED, FILE_ANY_ACCESS)
