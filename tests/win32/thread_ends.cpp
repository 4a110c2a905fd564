// SPDX-License-Identifier: MIT
// Services in what runs at the end of a thread and of the program: destructors of thread-local objects and of
// thread-specific data, exit handlers, destructors of global objects.
#include "check.h"

#include <pthread.h>

#include <cstdlib>
#include <thread>

namespace {

constexpr DWORD kLong = 20'000;

HANDLE g_event, g_mutex, g_owned;

// The end of the program has nobody left who counts failures. The main thread is still who it was.
void CheckEnd(const char* where) {
  if (SetEvent(g_event) && WaitForSingleObject(g_event, 0) == WAIT_OBJECT_0 && ReleaseMutex(g_owned) &&
      WaitForSingleObject(g_owned, 0) == WAIT_OBJECT_0) {
    return;
  }
  fprintf(stderr, "in %s: error %u\n", where, static_cast<unsigned>(GetLastError()));
  std::_Exit(1);
}

struct Global {
  ~Global() {
    CheckEnd("the destructor of a global object");
    if (!CloseHandle(g_event)) std::_Exit(1);
  }
} g_global;

// What a thread takes at its end it abandons at its end.
void TakeAtEnd() {
  CHECK_EQ(WaitForSingleObject(g_mutex, kLong), WAIT_OBJECT_0);
  CHECK(SetEvent(g_event));
}

struct OfThread {
  void (*routine)() = nullptr;
  ~OfThread() {
    if (routine != nullptr) routine();
  }
};
thread_local OfThread t_object;
pthread_key_t g_key;

DWORD EndWithObject(LPVOID) {
  t_object.routine = TakeAtEnd;
  return 5;
}

DWORD ExitWithObject(LPVOID) {
  t_object.routine = TakeAtEnd;
  ExitThread(5);
}

DWORD EndWithData(LPVOID) {
  pthread_setspecific(g_key, &g_key);
  return 5;
}

void CheckAbandoned() {
  CHECK_EQ(WaitForSingleObject(g_event, kLong), WAIT_OBJECT_0);
  CHECK_EQ(WaitForSingleObject(g_mutex, kLong), WAIT_ABANDONED);
  CHECK(ReleaseMutex(g_mutex));
}

void CheckThread(LPTHREAD_START_ROUTINE routine) {
  HANDLE thread = CreateThread(nullptr, 0, routine, nullptr, 0, nullptr);
  DWORD code = 0;
  CHECK_EQ(WaitForSingleObject(thread, kLong), WAIT_OBJECT_0);
  CHECK(GetExitCodeThread(thread, &code));
  CHECK_EQ(code, 5);
  CHECK(CloseHandle(thread));
  CheckAbandoned();
}

}  // namespace

int main() {
  g_event = CreateEventA(nullptr, FALSE, FALSE, nullptr);
  g_mutex = CreateMutexA(nullptr, FALSE, nullptr);
  g_owned = CreateMutexA(nullptr, TRUE, nullptr);
  CHECK_EQ(pthread_key_create(&g_key, [](void*) { TakeAtEnd(); }), 0);
  CheckThread(EndWithObject);
  CheckThread(ExitWithObject);
  CheckThread(EndWithData);
  // Threads that the executive has not heard of before, and one that it has.
  std::thread([] { EndWithObject(nullptr); }).join();
  CheckAbandoned();
  std::thread([] { EndWithData(nullptr); }).join();
  CheckAbandoned();
  std::thread([] {
    Sleep(0);
    EndWithObject(nullptr);
  }).join();
  CheckAbandoned();
  t_object.routine = [] { CheckEnd("the destructor of the main thread's object"); };
  std::atexit([] { CheckEnd("an exit handler"); });
  return Finish();
}
