// SPDX-License-Identifier: MIT
// What every test driver answers.
#ifndef TEST_IOCTL_H
#define TEST_IOCTL_H

#define TEST_CODE(Number, Method, Access) CTL_CODE(0x8000, 0x800 + (Number), Method, Access)

// What the driver saw so far. Not counted among Calls.
#define IOCTL_TEST_STATE TEST_CODE(0xFF, METHOD_BUFFERED, FILE_ANY_ACCESS)
typedef struct _TEST_STATE {
  LONG Creates, Cleanups, Closes;
  LONG Calls;      // reads, writes and controls that reached the driver
  LONG Pending;    // in the driver's queue
  LONG Cancelled;  // taken out of it by a cancellation or a cleanup
} TEST_STATE;

// Completes the oldest request in the queue; the status and byte count to complete with are the input. Not
// counted.
#define IOCTL_TEST_FINISH TEST_CODE(0xFE, METHOD_BUFFERED, FILE_ANY_ACCESS)
typedef struct _TEST_FINISH {
  LONG Status;
  ULONG Information;
} TEST_FINISH;

#endif
