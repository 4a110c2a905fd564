// SPDX-License-Identifier: MIT
// A user APC runs on the way out of a system service, but is the application's: so are its faults.
//   apc_client caught: by a __try of the application
//   apc_client fatal:  the end of the application, and no bug check
#include <windows.h>
#include <stdio.h>
#include <string.h>

static int Calls;

static VOID CALLBACK Count(ULONG_PTR Parameter) {
  Calls += (int)Parameter;
  SleepEx(0, FALSE);  // a system service from within
}

static VOID CALLBACK Fault(ULONG_PTR Parameter) { *(volatile int*)Parameter = 1; }

static int Expect(int true_, const char* what) {
  if (!true_) fprintf(stderr, "not as it should be: %s\n", what);
  return true_;
}

// Caught in frames around the wait, then waits again: the thread is as before.
static int CatchFault(void) {
  volatile int caught = 0;
  QueueUserAPC(Fault, GetCurrentThread(), 0);
  __try {
    SleepEx(INFINITE, TRUE);
  } __except (GetExceptionCode() == EXCEPTION_ACCESS_VIOLATION ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
    caught = 1;
  }
  return caught;
}

int main(int argc, char** argv) {
  int i;
  if (argc == 2 && strcmp(argv[1], "fatal") == 0) {
    QueueUserAPC(Fault, GetCurrentThread(), 0);
    SleepEx(INFINITE, TRUE);
    return 1;
  }
  for (i = 0; i < 3; ++i) {
    if (!Expect(CatchFault(), "the fault is caught")) return 1;
    QueueUserAPC(Count, GetCurrentThread(), 1);
    if (!Expect(SleepEx(INFINITE, TRUE) == WAIT_IO_COMPLETION, "an alertable wait")) return 1;
    if (!Expect(Calls == i + 1, "the APC ran")) return 1;
  }
  return 0;
}
