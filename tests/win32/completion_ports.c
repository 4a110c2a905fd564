// SPDX-License-Identifier: MIT
// Completion ports without files: packets that programs post.
#include "check.h"

static void Order(void) {
  HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
  CHECK(port != NULL);
  DWORD bytes = 0;
  ULONG_PTR key = 0;
  OVERLAPPED packet, *overlapped = &packet;
  CHECK_FAILS(GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 0), WAIT_TIMEOUT);
  CHECK(overlapped == NULL);
  CHECK_FAILS(GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 1), WAIT_TIMEOUT);
  for (DWORD i = 0; i < 5; ++i) CHECK(PostQueuedCompletionStatus(port, i, i + 100, i == 2 ? NULL : &packet));
  for (DWORD i = 0; i < 2; ++i) {
    CHECK(GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE));
    CHECK(bytes == i && key == i + 100 && overlapped == &packet);
  }
  OVERLAPPED_ENTRY entries[8];
  ULONG removed = 0;
  CHECK(GetQueuedCompletionStatusEx(port, entries, 8, &removed, INFINITE, FALSE));
  CHECK_EQ(removed, 3);
  CHECK(entries[0].lpOverlapped == NULL && entries[0].lpCompletionKey == 102);
  CHECK_EQ(entries[2].dwNumberOfBytesTransferred, 4);
  CHECK_FAILS(GetQueuedCompletionStatusEx(port, entries, 8, &removed, 0, FALSE), WAIT_TIMEOUT);
  CHECK_FAILS(GetQueuedCompletionStatusEx(port, entries, 0, &removed, 0, FALSE), ERROR_INVALID_PARAMETER);
  CHECK_FAILS_AS(CreateIoCompletionPort(INVALID_HANDLE_VALUE, port, 0, 0), NULL, ERROR_INVALID_PARAMETER);
  HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
  CHECK_FAILS(PostQueuedCompletionStatus(event, 0, 0, NULL), ERROR_INVALID_HANDLE);
  CHECK(CloseHandle(event));
  CHECK(CloseHandle(port));
  CHECK_FAILS(PostQueuedCompletionStatus(port, 0, 0, NULL), ERROR_INVALID_HANDLE);
  CHECK_FAILS(GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 0), ERROR_INVALID_HANDLE);
}

#define THREADS 4
#define PACKETS 4000
#define LAST ((ULONG_PTR)-1)

static HANDLE g_port;
static volatile LONG g_taken;

static DWORD Take(LPVOID argument) {
  DWORD count = 0;
  (void)argument;
  for (;;) {
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED* overlapped = NULL;
    if (!GetQueuedCompletionStatus(g_port, &bytes, &key, &overlapped, INFINITE)) return (DWORD)-1;
    if (key == LAST) return count;
    ++count;
    InterlockedExchangeAdd(&g_taken, (LONG)key);
  }
}

static void SeveralThreads(void) {
  g_port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 2);
  HANDLE threads[THREADS];
  for (int i = 0; i < THREADS; ++i) threads[i] = CreateThread(NULL, 0, Take, NULL, 0, NULL);
  for (int i = 0; i < PACKETS; ++i) CHECK(PostQueuedCompletionStatus(g_port, 0, 1, NULL));
  for (int i = 0; i < THREADS; ++i) CHECK(PostQueuedCompletionStatus(g_port, 0, LAST, NULL));
  CHECK_EQ(WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE), WAIT_OBJECT_0);
  DWORD sum = 0;
  for (int i = 0; i < THREADS; ++i) {
    DWORD code = 0;
    CHECK(GetExitCodeThread(threads[i], &code));
    sum += code;
    CHECK(CloseHandle(threads[i]));
  }
  CHECK_EQ(sum, PACKETS);
  CHECK_EQ(g_taken, PACKETS);
  CHECK(CloseHandle(g_port));
}

static DWORD WaitForClosing(LPVOID ready) {
  DWORD bytes = 0;
  ULONG_PTR key = 0;
  OVERLAPPED unused, *overlapped = &unused;
  SetEvent(ready);
  CHECK(!GetQueuedCompletionStatus(g_port, &bytes, &key, &overlapped, INFINITE));
  CHECK(overlapped == NULL);
  return GetLastError();
}

static void Closing(void) {
  HANDLE threads[THREADS];
  HANDLE ready = CreateEventA(NULL, FALSE, FALSE, NULL);
  g_port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
  for (int i = 0; i < THREADS; ++i) {
    threads[i] = CreateThread(NULL, 0, WaitForClosing, ready, 0, NULL);
    CHECK_EQ(WaitForSingleObject(ready, INFINITE), WAIT_OBJECT_0);
  }
  Sleep(10);  // so that most of them wait by now; those that do not find the handle closed
  CHECK(CloseHandle(g_port));
  CHECK_EQ(WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE), WAIT_OBJECT_0);
  for (int i = 0; i < THREADS; ++i) {
    DWORD error = 0;
    CHECK(GetExitCodeThread(threads[i], &error));
    CHECK(error == ERROR_ABANDONED_WAIT_0 || error == ERROR_INVALID_HANDLE);
    CHECK(CloseHandle(threads[i]));
  }
  CHECK(CloseHandle(ready));
}

int main(void) {
  Order();
  SeveralThreads();
  Closing();
  return Finish();
}
