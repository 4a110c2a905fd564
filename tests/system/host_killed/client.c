// SPDX-License-Identifier: MIT
// Says that it is ready, and has its host killed under it: whoever waits, is in a request, or calls, is told
// ERROR_NOT_READY at once, and so is whoever calls later. The process goes on.
#include "../../conformance/common/test_client.h"

#include <pthread.h>

#define IOCTL_PEND TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_PEND_DIRECT TEST_CODE(2, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)

static HANDLE device, event, mutex;
static char* pages;

static DWORD WINAPI Request(void* code) {
  char byte;
  void* buffer = code == NULL ? &byte : pages;
  // One of its own: requests with one synchronous handle wait for each other.
  HANDLE own = OpenTest(0);
  if (Control(own, code == NULL ? IOCTL_PEND : IOCTL_PEND_DIRECT, NULL, 0, buffer, 1)) return 0;
  return GetLastError();
}

static DWORD WINAPI WaitForEvent(void* unused) {
  (void)unused;
  return WaitForSingleObject(event, INFINITE) == WAIT_FAILED ? GetLastError() : 0;
}

static DWORD WINAPI WaitForAll(void* unused) {
  HANDLE handles[2] = {event, mutex};
  (void)unused;
  return WaitForMultipleObjects(2, handles, TRUE, 100000) == WAIT_FAILED ? GetLastError() : 0;
}

static DWORD WINAPI Call(void* unused) {
  TEST_STATE state;
  (void)unused;
  while (Control(device, IOCTL_TEST_STATE, NULL, 0, &state, sizeof(state))) {
  }
  return GetLastError();
}

// What the threads of a program whose host is gone find out, each in a place that only it writes.
static volatile LONG found[5];
static volatile LONG started;
static LPTHREAD_START_ROUTINE const routines[5] = {Request, Request, WaitForEvent, WaitForAll, Call};

static LONG Now(volatile LONG* value) {
  return InterlockedCompareExchange(value, 0, 0);
}

static DWORD WINAPI Find(void* number) {
  int i = (int)(ULONG_PTR)number;
  InterlockedIncrement(&started);
  DWORD error = routines[i](i == 1 ? pages : NULL);
  InterlockedExchange(&found[i], error == 0 ? -1 : (LONG)error);
  return 0;
}

static void* Exit(void* unused) {
  (void)unused;
  ExitThread(5);
}

int usleep(unsigned microseconds);

int main(void) {
  int i, looks;
  pthread_t thread;
  void* result = &thread;
  device = OpenTest(0);
  event = CreateEventA(NULL, TRUE, FALSE, NULL);
  mutex = CreateMutexA(NULL, FALSE, NULL);
  pages = Pages(1);
  CHECK(event != NULL && mutex != NULL);
  for (i = 0; i < 5; ++i) CHECK(CreateThread(NULL, 0, Find, (void*)(ULONG_PTR)i, 0, NULL) != NULL);
  while (Now(&started) != 5) Sleep(0);
  AwaitPending(device, 2);
  printf("ready\n");
  fflush(stdout);
  // Windows' clocks and waits are the host's.
  for (i = 0; i < 5; ++i) {
    for (looks = 0; Now(&found[i]) == 0; ++looks) {
      if (looks == 10000) fprintf(stderr, "thread %d was told nothing\n", i);
      CHECK(looks < 10000);
      usleep(1000);
    }
    if (Now(&found[i]) != ERROR_NOT_READY) fprintf(stderr, "thread %d was told %d\n", i, Now(&found[i]));
    CHECK(Now(&found[i]) == ERROR_NOT_READY);
  }
  CHECK_FAILS(Control(device, IOCTL_TEST_STATE, NULL, 0, pages, 4), ERROR_NOT_READY);
  CHECK(CreateEventA(NULL, TRUE, FALSE, NULL) == NULL && GetLastError() == ERROR_NOT_READY);
  CHECK(WaitForSingleObject(event, INFINITE) == WAIT_FAILED && GetLastError() == ERROR_NOT_READY);
  CHECK_FAILS(CloseHandle(event), ERROR_NOT_READY);
  CHECK(CreateThread(NULL, 0, Find, NULL, 0, NULL) == NULL && GetLastError() == ERROR_NOT_READY);
  // A thread ends all the same.
  CHECK(pthread_create(&thread, NULL, Exit, NULL) == 0);
  CHECK(pthread_join(thread, &result) == 0 && result == NULL);
  pages[0] = 1;
  printf("told\n");
  return 23;
}
