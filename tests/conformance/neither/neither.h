// SPDX-License-Identifier: MIT
#include "../common/test_ioctl.h"

#define NEITHER_CODE(Number) TEST_CODE(Number, METHOD_NEITHER, FILE_ANY_ACCESS)

// The driver checks that it got these very pointers: all of the call is repeated in REMEMBER's structure
// before.
#define IOCTL_REMEMBER TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_POINTERS NEITHER_CODE(2)
typedef struct _POINTERS {
  ULONG64 Input, Output;
  ULONG InLength, OutLength;
} POINTERS;

// Probes the input or the output for ULONGs and completes with the exception, if any. Touches nothing itself.
#define IOCTL_PROBE_READ NEITHER_CODE(3)
#define IOCTL_PROBE_WRITE NEITHER_CODE(4)
// Locks the output for writing, sets its last byte to 0x77 and completes.
#define IOCTL_LOCK NEITHER_CODE(5)
// Reads the input, or writes the output, without a probe, inside __try.
#define IOCTL_READ NEITHER_CODE(6)
#define IOCTL_WRITE NEITHER_CODE(7)
// The same outside __try.
#define IOCTL_READ_UNGUARDED NEITHER_CODE(8)
#define IOCTL_WRITE_UNGUARDED NEITHER_CODE(9)
// Doubles what each node points to, along the list.
#define IOCTL_CHAIN NEITHER_CODE(10)
typedef struct _NODE {
  struct _NODE* Next;
  ULONG* Value;
} NODE;
