// SPDX-License-Identifier: MIT
#ifndef PROCESS_NOTIFY_H
#define PROCESS_NOTIFY_H

#include "../common/test_ioctl.h"

// The events so far, oldest first, of the process and thread ids given: zero is any.
#define IOCTL_EVENTS TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
typedef struct _ASK {
  ULONG Kind, ProcessId, ThreadId;
} ASK;

typedef enum _EVENT_KIND {
  EVENT_PROCESS_CREATED = 1,
  EVENT_PROCESS_EXITED,
  // PsSetCreateThreadNotifyRoutine, PsSetCreateThreadNotifyRoutineEx.
  EVENT_THREAD_CREATED,
  EVENT_THREAD_EXITED,
  EVENT_NEW_THREAD,
  EVENT_NEW_THREAD_EXITED,
} EVENT_KIND;

typedef struct _EVENT {
  ULONG Kind;
  ULONG ProcessId, ThreadId;  // that it is about
  ULONG InProcess, InThread;  // that heard of it
  WCHAR Image[260];           // of a process that is created
  WCHAR CommandLine[260];
} EVENT;
enum { MOST_EVENTS = 8, LOGGED_EVENTS = 512 };
typedef struct _EVENTS {
  ULONG Count;  // there may be more than there is room for
  EVENT Events[MOST_EVENTS];
} EVENTS;

// Runs a thread of the system's, of which the output is the id, and waits for its end.
#define IOCTL_SYSTEM_THREAD TEST_CODE(2, METHOD_BUFFERED, FILE_ANY_ACCESS)

// A program with this in its command line is refused, with STATUS_ACCESS_DENIED.
#define REFUSED_WORD L"refuse-me"

#endif
