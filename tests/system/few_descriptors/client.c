// SPDX-License-Identifier: MIT
// A program without a free descriptor: its new threads, which need one for a moment, are refused, and nothing of
// them stays behind. It goes on when it has some again.
#include "../../win32/check.h"

#include <pthread.h>
#include <sys/resource.h>

int dup(int descriptor);
int close(int descriptor);

// More than a process may have threads in its host.
#define REFUSALS 4200
#define MOST_DESCRIPTORS 64

static HANDLE g_event;

static DWORD WINAPI Run(LPVOID argument) {
  (void)argument;
  return SetEvent(g_event) ? 5 : 6;
}

static void* CallTooOften(void* argument) {
  (void)argument;
  for (int i = 0; i < REFUSALS && g_failures == 0; ++i) CHECK_FAILS(SetEvent(g_event), ERROR_NO_SYSTEM_RESOURCES);
  return NULL;
}

int main(void) {
  struct rlimit few = {MOST_DESCRIPTORS, MOST_DESCRIPTORS};
  int descriptors[MOST_DESCRIPTORS], count = 0;
  pthread_t thread;
  g_event = CreateEventA(NULL, FALSE, FALSE, NULL);
  CHECK(g_event != NULL);
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  while (count < MOST_DESCRIPTORS && (descriptors[count] = dup(1)) >= 0) ++count;
  CHECK(count != 0 && count < MOST_DESCRIPTORS);

  for (int i = 0; i < 10; ++i) CHECK_FAILS_AS(CreateThread(NULL, 0, Run, NULL, 0, NULL), NULL, ERROR_NO_SYSTEM_RESOURCES);
  CHECK_EQ(pthread_create(&thread, NULL, CallTooOften, NULL), 0);
  CHECK_EQ(pthread_join(thread, NULL), 0);
  CHECK_EQ(WaitForSingleObject(g_event, 0), WAIT_TIMEOUT);

  for (int i = 0; i < count; ++i) CHECK_EQ(close(descriptors[i]), 0);
  HANDLE created = CreateThread(NULL, 0, Run, NULL, 0, NULL);
  DWORD code = 0;
  CHECK(created != NULL);
  CHECK_EQ(WaitForSingleObject(created, INFINITE), WAIT_OBJECT_0);
  CHECK(GetExitCodeThread(created, &code));
  CHECK_EQ(code, 5);
  CHECK_EQ(WaitForSingleObject(g_event, 0), WAIT_OBJECT_0);
  CHECK(CloseHandle(created) && CloseHandle(g_event));
  return Finish();
}
