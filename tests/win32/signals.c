// SPDX-License-Identifier: MIT
// A handler of a Linux signal that calls a service in the middle of another of the same thread is refused, and
// the other goes on. Embedded there is no such thing: the handler is in the middle of the executive.
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

static HANDLE g_target;
static LONG g_served, g_refused, g_handled;

static LONG Now(LONG* value) { return __atomic_load_n(value, __ATOMIC_ACQUIRE); }

static void OnSignal(int number) {
  (void)number;
  if (SetEvent(g_target)) {
    ++g_served;
  } else if (GetLastError() == ERROR_BUSY) {
    ++g_refused;
  } else {
    CHECK_EQ(GetLastError(), ERROR_BUSY);
  }
  __atomic_fetch_add(&g_handled, 1, __ATOMIC_RELEASE);
}

static LONG g_stop;

// One after the other.
static void* SendSignals(void* thread) {
  for (LONG sent = 0; !Now(&g_stop); ++sent) {
    pthread_kill(*(pthread_t*)thread, SIGUSR1);
    while (Now(&g_handled) == sent) sched_yield();
  }
  return NULL;
}

int main(void) {
  HANDLE never = CreateEventA(NULL, FALSE, FALSE, NULL);
  g_target = CreateEventA(NULL, FALSE, FALSE, NULL);
  CHECK(signal(SIGUSR1, OnSignal) != SIG_ERR);
  pthread_t self = pthread_self(), other;
  CHECK_EQ(pthread_create(&other, NULL, SendSignals, &self), 0);
  for (int rounds = 0; g_failures == 0 && (rounds < 1000 || g_refused == 0 || g_served == 0); ++rounds) {
    CHECK_EQ(WaitForSingleObject(never, 0), WAIT_TIMEOUT);
  }
  __atomic_store_n(&g_stop, 1, __ATOMIC_RELEASE);
  CHECK_EQ(pthread_join(other, NULL), 0);
  CHECK_EQ(WaitForSingleObject(g_target, 0), WAIT_OBJECT_0);
  CHECK(CloseHandle(never) && CloseHandle(g_target));
  return Finish();
}
