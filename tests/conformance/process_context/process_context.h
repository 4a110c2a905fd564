// SPDX-License-Identifier: MIT
#ifndef PROCESS_CONTEXT_H
#define PROCESS_CONTEXT_H

#include "../common/test_ioctl.h"

// The driver checks that it runs in this process and thread.
#define IOCTL_IDENTIFY TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_IDENTIFY_DIRECT TEST_CODE(2, METHOD_IN_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_IDENTIFY_NEITHER TEST_CODE(3, METHOD_NEITHER, FILE_ANY_ACCESS)
typedef struct _IDENTITY {
  ULONG ProcessId, ThreadId;
  // The application has a process of its own: its memory is there in its own context only.
  ULONG IsSeparate;
} IDENTITY;

// The same for a request that then goes through a DPC, a work item, a system thread, a system thread of the
// application's process and back to a work item, which completes it. In each the ULONG at Value, of the
// application, is looked at.
#define IOCTL_TRAVEL TEST_CODE(4, METHOD_BUFFERED, FILE_ANY_ACCESS)
typedef struct _JOURNEY {
  IDENTITY Identity;
  ULONG* Value;
  // Memory of the application that no driver ever looks at.
  ULONG* Untouched;
} JOURNEY;

// A system thread attaches and makes an event in the application's handle table, of which the output is the
// handle.
#define IOCTL_MAKE_EVENT TEST_CODE(5, METHOD_BUFFERED, FILE_ANY_ACCESS)
// A system thread waits for the event that the handle, of the application, stands for.
#define IOCTL_WAIT_FOR_EVENT TEST_CODE(6, METHOD_BUFFERED, FILE_ANY_ACCESS)
typedef struct _HANDLE_VALUE {
  ULONG64 Handle;
} HANDLE_VALUE;

// A system thread attaches and maps a page of the driver's, filled with PAGE_FILL, into the application;
// unmaps it again.
#define IOCTL_MAP TEST_CODE(7, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_UNMAP TEST_CODE(8, METHOD_BUFFERED, FILE_ANY_ACCESS)
typedef struct _MAPPING {
  ULONG64 Address;
} MAPPING;
enum { PAGE_FILL = 0x6B };
// The first ULONG of that page.
#define IOCTL_PEEK TEST_CODE(9, METHOD_BUFFERED, FILE_ANY_ACCESS)

// What the process is called: PsGetProcessImageFileName, ZwQueryInformationProcess, SeLocateProcessImageName.
#define IOCTL_NAMES TEST_CODE(10, METHOD_BUFFERED, FILE_ANY_ACCESS)
typedef struct _NAMES {
  char Short[32];
  WCHAR Full[512];
} NAMES;

#endif
