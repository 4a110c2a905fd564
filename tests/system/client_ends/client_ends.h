// SPDX-License-Identifier: MIT
#ifndef CLIENT_ENDS_H
#define CLIENT_ENDS_H

#include "../../conformance/common/test_ioctl.h"

// Until it is cancelled. The driver locks the output of the last.
#define IOCTL_PEND TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_PEND_DIRECT TEST_CODE(2, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_PEND_NEITHER TEST_CODE(3, METHOD_NEITHER, FILE_ANY_ACCESS)

// What has become of the handles of a process, in the order that it came in. Input: its id, a ULONG.
#define IOCTL_LOG TEST_CODE(4, METHOD_BUFFERED, FILE_ANY_ACCESS)
enum { MOST_EVENTS = 200 };
typedef struct _LOG {
  ULONG Count;
  struct {
    ULONG File;
    ULONG Code;   // of a control that was cancelled; or zero
    UCHAR Major;  // IRP_MJ_CLEANUP, IRP_MJ_CLOSE; or zero
  } Events[MOST_EVENTS];
} LOG;

#endif
