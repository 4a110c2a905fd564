// SPDX-License-Identifier: MIT
// Ctrl-C: the handlers run in a thread of their own, the last first, while others are in the middle of services.
// With an argument: none of them handles it, and the program ends.
#include "check.h"

#include <pthread.h>
#include <signal.h>

#define LONG_TIME 20000

static HANDLE g_event;
static DWORD g_thread, g_main_thread;
static LONG g_calls, g_first_calls;

static BOOL First(DWORD type) {
  CHECK_EQ(type, CTRL_C_EVENT);
  ++g_first_calls;
  CHECK(SetEvent(g_event));
  return TRUE;
}

static BOOL Second(DWORD type) {
  CHECK_EQ(type, CTRL_C_EVENT);
  CHECK_EQ(g_first_calls, g_calls);
  ++g_calls;
  g_thread = GetCurrentThreadId();
  return FALSE;
}

static BOOL Refuse(DWORD type) {
  (void)type;
  return FALSE;
}

// Signals the main thread, whatever it is at.
static void* Interrupt(void* thread) {
  pthread_kill(*(pthread_t*)thread, SIGINT);
  return NULL;
}

static void InterruptWait(void) {
  pthread_t self = pthread_self(), other;
  CHECK_EQ(pthread_create(&other, NULL, Interrupt, &self), 0);
  CHECK_EQ(WaitForSingleObject(g_event, LONG_TIME), WAIT_OBJECT_0);
  CHECK_EQ(pthread_join(other, NULL), 0);
}

int main(int argc, char** argv) {
  (void)argv;
  g_event = CreateEventA(NULL, FALSE, FALSE, NULL);
  if (argc > 1) {
    CHECK(SetConsoleCtrlHandler(Refuse, TRUE));
    raise(SIGINT);
    WaitForSingleObject(g_event, LONG_TIME);
    return 1;
  }
  g_main_thread = GetCurrentThreadId();
  CHECK(SetConsoleCtrlHandler(First, TRUE));
  for (int i = 0; i < 100 && g_failures == 0; ++i) InterruptWait();
  CHECK_EQ(g_first_calls, 100);
  g_calls = 100;
  CHECK(SetConsoleCtrlHandler(Second, TRUE));
  InterruptWait();
  CHECK_EQ(g_calls, 101);
  CHECK_EQ(g_first_calls, 101);
  CHECK(g_thread != g_main_thread);
  CHECK(SetConsoleCtrlHandler(NULL, TRUE));
  raise(SIGINT);
  CHECK(SetConsoleCtrlHandler(NULL, FALSE));
  CHECK(SetConsoleCtrlHandler(Second, FALSE));
  CHECK_FAILS(SetConsoleCtrlHandler(Second, FALSE), ERROR_INVALID_PARAMETER);
  InterruptWait();
  CHECK_EQ(g_calls, 101);
  CHECK_EQ(g_first_calls, 102);
  CHECK(SetConsoleCtrlHandler(First, FALSE));
  CHECK(CloseHandle(g_event));
  return Finish();
}
