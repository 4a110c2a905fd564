// SPDX-License-Identifier: MIT
// Waits for several objects, alertable waits, handles.
#include "check.h"

static void Multiple(void) {
  HANDLE events[MAXIMUM_WAIT_OBJECTS + 1];
  for (int i = 0; i < MAXIMUM_WAIT_OBJECTS; ++i) events[i] = CreateEventA(NULL, FALSE, FALSE, NULL);
  events[MAXIMUM_WAIT_OBJECTS] = events[0];
  CHECK_EQ(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, events, FALSE, 0), WAIT_TIMEOUT);
  CHECK(SetEvent(events[63]) && SetEvent(events[7]));
  CHECK_EQ(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, events, FALSE, INFINITE), WAIT_OBJECT_0 + 7);  // the lowest
  CHECK_EQ(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, events, FALSE, INFINITE), WAIT_OBJECT_0 + 63);

  CHECK(SetEvent(events[0]));
  CHECK_EQ(WaitForMultipleObjects(2, events, TRUE, 1), WAIT_TIMEOUT);
  CHECK(SetEvent(events[1]));  // the wait that timed out took nothing
  CHECK_EQ(WaitForMultipleObjects(2, events, TRUE, INFINITE), WAIT_OBJECT_0);
  CHECK_EQ(WaitForMultipleObjects(2, events, FALSE, 0), WAIT_TIMEOUT);

  CHECK_FAILS_AS(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS + 1, events, FALSE, 0), WAIT_FAILED, ERROR_INVALID_PARAMETER);
  CHECK_FAILS_AS(WaitForMultipleObjects(0, events, FALSE, 0), WAIT_FAILED, ERROR_INVALID_PARAMETER);
  HANDLE twice[] = {events[0], events[0]};
  CHECK_FAILS_AS(WaitForMultipleObjects(2, twice, TRUE, 0), WAIT_FAILED, ERROR_INVALID_PARAMETER);
  HANDLE bad[] = {events[0], (HANDLE)0x12344};
  CHECK_FAILS_AS(WaitForMultipleObjects(2, bad, FALSE, 0), WAIT_FAILED, ERROR_INVALID_HANDLE);
  CHECK_FAILS_AS(WaitForSingleObject(NULL, 0), WAIT_FAILED, ERROR_INVALID_HANDLE);
  for (int i = 0; i < MAXIMUM_WAIT_OBJECTS; ++i) CHECK(CloseHandle(events[i]));
}

static ULONG_PTR g_order[4];
static int g_calls;
static VOID OnApc(ULONG_PTR value) { g_order[g_calls++] = value; }

static void Apcs(void) {
  for (ULONG_PTR i = 1; i <= 3; ++i) CHECK_EQ(QueueUserAPC(OnApc, GetCurrentThread(), i), 1);
  Sleep(0);  // not alertable
  CHECK_EQ(g_calls, 0);
  CHECK_EQ(SleepEx(INFINITE, TRUE), WAIT_IO_COMPLETION);
  CHECK_EQ(g_calls, 3);
  for (ULONG_PTR i = 0; i < 3; ++i) CHECK_EQ(g_order[i], i + 1);
  CHECK_EQ(SleepEx(0, TRUE), 0);
  HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
  g_calls = 0;
  CHECK_EQ(QueueUserAPC(OnApc, GetCurrentThread(), 4), 1);
  CHECK_EQ(WaitForSingleObjectEx(event, INFINITE, TRUE), WAIT_IO_COMPLETION);
  CHECK_EQ(g_calls, 1);
  CHECK_FAILS(QueueUserAPC(OnApc, event, 0), ERROR_INVALID_HANDLE);
  CHECK(CloseHandle(event));
}

static void Handles(void) {
  HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
  HANDLE copy = NULL, weak = NULL;
  CHECK(DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS));
  CHECK(copy != event);
  CHECK(SetEvent(copy));
  CHECK_EQ(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
  CHECK(DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &weak, SYNCHRONIZE, TRUE, 0));
  CHECK_FAILS(ResetEvent(weak), ERROR_ACCESS_DENIED);
  DWORD flags = 99;
  CHECK(GetHandleInformation(weak, &flags));
  CHECK_EQ(flags, HANDLE_FLAG_INHERIT);
  CHECK(SetHandleInformation(weak, HANDLE_FLAG_INHERIT, 0));
  CHECK(GetHandleInformation(weak, &flags));
  CHECK_EQ(flags, 0);

  CHECK(SetHandleInformation(copy, HANDLE_FLAG_PROTECT_FROM_CLOSE, HANDLE_FLAG_PROTECT_FROM_CLOSE));
  CHECK(GetHandleInformation(copy, &flags));
  CHECK_EQ(flags, HANDLE_FLAG_PROTECT_FROM_CLOSE);
  CHECK_FAILS(CloseHandle(copy), ERROR_INVALID_HANDLE);
  CHECK(SetEvent(copy));
  CHECK(SetHandleInformation(copy, HANDLE_FLAG_PROTECT_FROM_CLOSE, 0));
  CHECK(CloseHandle(copy));

  HANDLE moved = NULL;
  CHECK(DuplicateHandle(GetCurrentProcess(), weak, GetCurrentProcess(), &moved, 0, FALSE,
                        DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE));
  CHECK(moved == weak || !GetHandleInformation(weak, &flags));
  CHECK(CloseHandle(moved));
  CHECK_FAILS(DuplicateHandle(GetCurrentProcess(), (HANDLE)0x12344, GetCurrentProcess(), &moved, 0, FALSE, 0),
              ERROR_INVALID_HANDLE);
  HANDLE thread = NULL;
  CHECK(DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &thread, 0, FALSE,
                        DUPLICATE_SAME_ACCESS));
  CHECK_EQ(GetThreadId(thread), GetCurrentThreadId());
  CHECK(CloseHandle(thread));
  CHECK(CloseHandle(event));
}

int main(void) {
  Multiple();
  Apcs();
  Handles();
  return Finish();
}
