// SPDX-License-Identifier: MIT
#include "../common/test_ioctl.h"

// Pends; PEEK answers with the byte at an offset of the pending request's buffer, POKE sets it.
#define IOCTL_SHARE TEST_CODE(1, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_PEEK TEST_CODE(2, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_POKE TEST_CODE(3, METHOD_BUFFERED, FILE_ANY_ACCESS)
typedef struct _POKE {
  ULONG Offset;
  UCHAR Value;
} POKE;
// The driver checks the MDL against the input: the buffer's address and length.
#define IOCTL_CHECK_OUT TEST_CODE(4, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_CHECK_IN TEST_CODE(5, METHOD_IN_DIRECT, FILE_ANY_ACCESS)
typedef struct _EXPECTED {
  ULONG64 Address;
  ULONG Length;
} EXPECTED;
