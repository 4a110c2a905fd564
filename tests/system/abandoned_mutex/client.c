// SPDX-License-Identifier: MIT
// Does with a mutex that it shares with others what is on its standard input, a word a line, and answers with a
// line.
#include "../../conformance/common/test_client.h"

#define NAME "Ring3AbandonedMutex"

static HANDLE mutex, event;

static int Is(const char* line, const char* word) {
  return strcmp(line, word) == 0;
}

static const char* Result(DWORD result) {
  switch (result) {
    case WAIT_OBJECT_0:
      return "acquired";
    case WAIT_ABANDONED_0:
      return "abandoned";
    case WAIT_ABANDONED_0 + 1:
      return "abandoned, second";
    case WAIT_TIMEOUT:
      return "timeout";
    default:
      return "something else";
  }
}

// The event is not signalled, unless all are waited for; then the result does not say which was abandoned.
static DWORD WaitForBoth(BOOL all) {
  HANDLE both[2];
  DWORD result;
  both[0] = event;
  both[1] = mutex;
  CHECK(all ? SetEvent(event) : ResetEvent(event));
  result = WaitForMultipleObjects(2, both, all, INFINITE);
  return all && result == WAIT_ABANDONED_0 + 1 ? WAIT_ABANDONED_0 : result;
}

static const char* Do(const char* word) {
  if (Is(word, "make")) {
    mutex = CreateMutexA(NULL, TRUE, NAME);
    CHECK(mutex != NULL && GetLastError() != ERROR_ALREADY_EXISTS);
    return "acquired";
  }
  if (Is(word, "open")) {
    mutex = OpenMutexA(SYNCHRONIZE, FALSE, NAME);
    CHECK(mutex != NULL);
    return "opened";
  }
  if (Is(word, "try")) return Result(WaitForSingleObject(mutex, 0));
  if (Is(word, "wait")) return Result(WaitForSingleObject(mutex, INFINITE));
  if (Is(word, "wait for any")) return Result(WaitForBoth(FALSE));
  if (Is(word, "wait for all")) return Result(WaitForBoth(TRUE));
  if (Is(word, "release")) {
    if (ReleaseMutex(mutex)) return "released";
    CHECK(GetLastError() == ERROR_NOT_OWNER);
    return "not the owner";
  }
  CHECK(!"a word that it knows");
  return NULL;
}

int main(void) {
  char line[32];
  event = CreateEventA(NULL, TRUE, FALSE, NULL);
  CHECK(event != NULL);
  while (fgets(line, sizeof(line), stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    // With all that it owns.
    if (Is(line, "end")) return 7;
    puts(Do(line));
    fflush(stdout);
  }
  return 0;
}
