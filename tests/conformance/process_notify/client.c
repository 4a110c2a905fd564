// SPDX-License-Identifier: MIT
// What a driver hears of processes and threads. Arguments: nothing, and the process looks at itself; "ended
// IDS", and it looks for the end of a process that printed its ids with "say" and then ended, of a thread of
// which the id is given as well.
#include "../common/test_client.h"
#include "process_notify.h"

#include <wchar.h>

static HANDLE device;

static EVENTS Events(ULONG kind, ULONG process, ULONG thread) {
  ASK ask = {kind, process, thread};
  EVENTS events;
  CHECK(Control(device, IOCTL_EVENTS, &ask, sizeof(ask), &events, sizeof(events)));
  return events;
}

static EVENT Only(ULONG kind, ULONG process, ULONG thread) {
  EVENTS events = Events(kind, process, thread);
  CHECK(events.Count == 1);
  return events.Events[0];
}

static BOOL EndsWith(const WCHAR* text, const WCHAR* end) {
  size_t length = wcslen(text), end_length = wcslen(end);
  return length >= end_length && wcscmp(text + length - end_length, end) == 0;
}

static void Created(void) {
  EVENT event = Only(EVENT_PROCESS_CREATED, GetCurrentProcessId(), 0);
  CHECK(wcsncmp(event.Image, L"\\??\\", 4) == 0);
  CHECK(EndsWith(event.Image, L"\\process_notify_client"));
  CHECK(wcsstr(event.CommandLine, L"process_notify_client") != NULL);
  // By somebody else.
  CHECK(event.InProcess != GetCurrentProcessId());
  CHECK(Events(EVENT_PROCESS_EXITED, GetCurrentProcessId(), 0).Count == 0);
  // Its first thread.
  event = Only(EVENT_THREAD_CREATED, GetCurrentProcessId(), GetCurrentThreadId());
  CHECK(Only(EVENT_NEW_THREAD, GetCurrentProcessId(), GetCurrentThreadId()).InThread == GetCurrentThreadId());
}

static DWORD WINAPI Nothing(void* result) {
  return (DWORD)(ULONG_PTR)result;
}

static void Threads(void) {
  DWORD id, process = GetCurrentProcessId();
  HANDLE thread;
  int i;
  for (i = 0; i < 3; ++i) {
    thread = CreateThread(NULL, 0, Nothing, NULL, CREATE_SUSPENDED, &id);
    CHECK(thread != NULL);
    CHECK(Only(EVENT_THREAD_CREATED, process, id).InThread == GetCurrentThreadId());
    CHECK(Events(EVENT_THREAD_EXITED, process, id).Count == 0);
    CHECK(ResumeThread(thread) == 1 && WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
    CHECK(Only(EVENT_NEW_THREAD, process, id).InThread == id);
    CHECK(Only(EVENT_THREAD_EXITED, process, id).InThread == id);
    CHECK(Only(EVENT_NEW_THREAD_EXITED, process, id).InThread == id);
    CHECK(Only(EVENT_THREAD_EXITED, process, id).InProcess == process);
    CHECK(CloseHandle(thread));
  }
}

static void SystemThreads(void) {
  ULONG id;
  CHECK(Control(device, IOCTL_SYSTEM_THREAD, NULL, 0, &id, sizeof(id)));
  CHECK(Only(EVENT_THREAD_CREATED, 0, id).InThread == GetCurrentThreadId());
  CHECK(Only(EVENT_THREAD_EXITED, 0, id).InThread == id);
  CHECK(Events(EVENT_NEW_THREAD, 0, id).Count == 0 && Events(EVENT_NEW_THREAD_EXITED, 0, id).Count == 0);
}

int main(int argc, char** argv) {
  device = OpenTest(0);
  if (argc > 1 && strcmp(argv[1], "say") == 0) {
    char line[16];
    printf("%u %u\n", GetCurrentProcessId(), GetCurrentThreadId());
    fflush(stdout);
    fgets(line, sizeof(line), stdin);
    return 5;
  }
  if (argc > 3 && strcmp(argv[1], "ended") == 0) {
    DWORD process = (DWORD)atoi(argv[2]), thread = (DWORD)atoi(argv[3]);
    Only(EVENT_PROCESS_CREATED, process, 0);
    CHECK(Only(EVENT_PROCESS_EXITED, process, 0).InProcess == process);
    CHECK(Only(EVENT_THREAD_EXITED, process, thread).InThread == thread);
    CHECK(Only(EVENT_NEW_THREAD_EXITED, process, thread).InThread == thread);
    return 0;
  }
  // An application that has the driver in its own process was there before it.
  if (getenv("RING3_HOST") != NULL) Created();
  Threads();
  SystemThreads();
  CHECK(CloseHandle(device));
  return 0;
}
