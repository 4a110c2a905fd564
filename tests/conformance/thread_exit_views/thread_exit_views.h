// SPDX-License-Identifier: MIT
#ifndef THREAD_EXIT_VIEWS_H
#define THREAD_EXIT_VIEWS_H

#include "../common/test_ioctl.h"

// Who unmaps a view.
enum { BY_NOTIFY_ROUTINE, BY_CANCEL_ROUTINE, VIEWS };

// In: ULONG, which view. Out: where it has been mapped.
#define IOCTL_MAP TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Stays pending until it is cancelled.
#define IOCTL_PEND TEST_CODE(2, METHOD_BUFFERED, FILE_ANY_ACCESS)

#endif
