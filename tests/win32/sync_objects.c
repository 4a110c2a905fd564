// SPDX-License-Identifier: MIT
// Events, mutexes, semaphores and timers, named and not.
#include "check.h"

static void Events(void) {
  HANDLE automatic = CreateEventA(NULL, FALSE, TRUE, NULL);
  CHECK(automatic != NULL);
  CHECK_EQ(GetLastError(), ERROR_SUCCESS);
  CHECK_EQ(WaitForSingleObject(automatic, 0), WAIT_OBJECT_0);
  CHECK_EQ(WaitForSingleObject(automatic, 0), WAIT_TIMEOUT);
  CHECK(SetEvent(automatic));
  CHECK(ResetEvent(automatic));
  CHECK_EQ(WaitForSingleObject(automatic, 1), WAIT_TIMEOUT);

  HANDLE manual = CreateEventExW(NULL, NULL, CREATE_EVENT_MANUAL_RESET | CREATE_EVENT_INITIAL_SET, SYNCHRONIZE);
  CHECK_EQ(WaitForSingleObject(manual, 0), WAIT_OBJECT_0);
  CHECK_EQ(WaitForSingleObject(manual, 0), WAIT_OBJECT_0);
  CHECK_FAILS(ResetEvent(manual), ERROR_ACCESS_DENIED);  // opened without EVENT_MODIFY_STATE
  CHECK(CloseHandle(manual));
  CHECK_FAILS(SetEvent(manual), ERROR_INVALID_HANDLE);
  CHECK_FAILS(CloseHandle(manual), ERROR_INVALID_HANDLE);
  CHECK(CloseHandle(automatic));
}

static DWORD Abandon(LPVOID mutex) {
  CHECK_EQ(WaitForSingleObject(mutex, INFINITE), WAIT_OBJECT_0);
  return 0;
}

static DWORD ReleaseForeign(LPVOID mutex) {
  CHECK_FAILS(ReleaseMutex(mutex), ERROR_NOT_OWNER);
  CHECK_EQ(WaitForSingleObject(mutex, 0), WAIT_TIMEOUT);
  return 0;
}

static void RunThread(LPTHREAD_START_ROUTINE routine, LPVOID argument) {
  HANDLE thread = CreateThread(NULL, 0, routine, argument, 0, NULL);
  CHECK_EQ(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
  CHECK(CloseHandle(thread));
}

static void Mutexes(void) {
  HANDLE mutex = CreateMutexA(NULL, TRUE, NULL);
  CHECK_EQ(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);  // recursive
  RunThread(ReleaseForeign, mutex);
  CHECK(ReleaseMutex(mutex));
  RunThread(ReleaseForeign, mutex);
  CHECK(ReleaseMutex(mutex));
  CHECK_FAILS(ReleaseMutex(mutex), ERROR_NOT_OWNER);

  RunThread(Abandon, mutex);
  CHECK_EQ(WaitForSingleObject(mutex, 0), WAIT_ABANDONED);
  CHECK(ReleaseMutex(mutex));
  CHECK_EQ(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);  // told once
  CHECK(ReleaseMutex(mutex));

  RunThread(Abandon, mutex);
  HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
  HANDLE both[] = {event, mutex};
  CHECK_EQ(WaitForMultipleObjects(2, both, FALSE, 0), WAIT_ABANDONED_0 + 1);
  CHECK(ReleaseMutex(mutex));
  CHECK(CloseHandle(event));
  CHECK(CloseHandle(mutex));
}

static void Semaphores(void) {
  LONG previous = -1;
  HANDLE semaphore = CreateSemaphoreA(NULL, 1, 3, NULL);
  CHECK(ReleaseSemaphore(semaphore, 2, &previous));
  CHECK_EQ(previous, 1);
  CHECK_FAILS(ReleaseSemaphore(semaphore, 1, &previous), ERROR_TOO_MANY_POSTS);
  CHECK_FAILS(ReleaseSemaphore(semaphore, 0, NULL), ERROR_INVALID_PARAMETER);
  CHECK_FAILS(ReleaseSemaphore(semaphore, -1, NULL), ERROR_INVALID_PARAMETER);
  for (int i = 0; i < 3; ++i) CHECK_EQ(WaitForSingleObject(semaphore, 0), WAIT_OBJECT_0);
  CHECK_EQ(WaitForSingleObject(semaphore, 0), WAIT_TIMEOUT);
  CHECK(CloseHandle(semaphore));
  CHECK_FAILS_AS(CreateSemaphoreA(NULL, 2, 1, NULL), NULL, ERROR_INVALID_PARAMETER);
  CHECK_FAILS_AS(CreateSemaphoreA(NULL, -1, 1, NULL), NULL, ERROR_INVALID_PARAMETER);
  CHECK_FAILS_AS(CreateSemaphoreA(NULL, 0, 0, NULL), NULL, ERROR_INVALID_PARAMETER);
}

static void Timers(void) {
  LARGE_INTEGER soon, later;
  soon.QuadPart = -1;  // 100 ns
  later.QuadPart = -3600LL * 10000000;
  HANDLE timer = CreateWaitableTimerA(NULL, TRUE, NULL);
  CHECK_EQ(WaitForSingleObject(timer, 0), WAIT_TIMEOUT);
  CHECK(SetWaitableTimer(timer, &soon, 0, NULL, NULL, FALSE));
  CHECK_EQ(WaitForSingleObject(timer, INFINITE), WAIT_OBJECT_0);
  CHECK_EQ(WaitForSingleObject(timer, 0), WAIT_OBJECT_0);  // manual reset
  CHECK(SetWaitableTimer(timer, &later, 0, NULL, NULL, FALSE));
  CHECK_EQ(WaitForSingleObject(timer, 0), WAIT_TIMEOUT);  // setting resets
  CHECK(CancelWaitableTimer(timer));
  CHECK(CloseHandle(timer));

  timer = CreateWaitableTimerW(NULL, FALSE, NULL);
  CHECK(SetWaitableTimer(timer, &soon, 1, NULL, NULL, FALSE));
  for (int i = 0; i < 3; ++i) CHECK_EQ(WaitForSingleObject(timer, INFINITE), WAIT_OBJECT_0);
  CHECK_FAILS(SetWaitableTimer(timer, &soon, -1, NULL, NULL, FALSE), ERROR_INVALID_PARAMETER);
  CHECK(CloseHandle(timer));
}

static void Names(void) {
  HANDLE event = CreateEventA(NULL, TRUE, FALSE, "Global\\ring3 test");
  CHECK(event != NULL);
  CHECK_EQ(GetLastError(), ERROR_SUCCESS);
  HANDLE again = CreateEventW(NULL, FALSE, TRUE, L"Global\\ring3 test");  // opens: kind and state are ignored
  CHECK_EQ(GetLastError(), ERROR_ALREADY_EXISTS);
  CHECK_EQ(WaitForSingleObject(again, 0), WAIT_TIMEOUT);
  CHECK(SetEvent(again));
  CHECK_EQ(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
  CHECK_EQ(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
  HANDLE opened = OpenEventA(SYNCHRONIZE, FALSE, "Global\\ring3 test");
  CHECK(opened != NULL);
  CHECK_FAILS(SetEvent(opened), ERROR_ACCESS_DENIED);
  CHECK_FAILS_AS(CreateMutexA(NULL, FALSE, "Global\\ring3 test"), NULL, ERROR_INVALID_HANDLE);
  CHECK_FAILS_AS(CreateSemaphoreA(NULL, 0, 1, "Global\\ring3 test"), NULL, ERROR_INVALID_HANDLE);
  CHECK_FAILS_AS(CreateWaitableTimerA(NULL, FALSE, "Global\\ring3 test"), NULL, ERROR_INVALID_HANDLE);
  CHECK_FAILS_AS(OpenMutexA(SYNCHRONIZE, FALSE, "Global\\ring3 test"), NULL, ERROR_INVALID_HANDLE);
  CHECK_FAILS_AS(OpenEventA(SYNCHRONIZE, FALSE, "Global\\nobody"), NULL, ERROR_FILE_NOT_FOUND);
  CHECK_FAILS_AS(CreateEventA(NULL, FALSE, FALSE, "a\\b"), NULL, ERROR_PATH_NOT_FOUND);
  CHECK(CloseHandle(opened) && CloseHandle(again) && CloseHandle(event));
  CHECK_FAILS_AS(OpenEventW(SYNCHRONIZE, FALSE, L"Global\\ring3 test"), NULL, ERROR_FILE_NOT_FOUND);  // went with its last handle

  HANDLE mutex = CreateMutexW(NULL, FALSE, L"Local\\ring3 mutex");
  HANDLE mutex_again = CreateMutexA(NULL, TRUE, "ring3 mutex");
  CHECK_EQ(GetLastError(), ERROR_ALREADY_EXISTS);
  CHECK_FAILS(ReleaseMutex(mutex_again), ERROR_NOT_OWNER);  // initial ownership is for the creator
  HANDLE mutex_opened = OpenMutexW(SYNCHRONIZE, FALSE, L"ring3 mutex");
  CHECK_EQ(WaitForSingleObject(mutex_opened, 0), WAIT_OBJECT_0);
  CHECK(ReleaseMutex(mutex_opened));
  CHECK(CloseHandle(mutex) && CloseHandle(mutex_again) && CloseHandle(mutex_opened));

  HANDLE semaphore = CreateSemaphoreW(NULL, 0, 1, L"ring3 semaphore");
  HANDLE semaphore_opened = OpenSemaphoreW(SEMAPHORE_MODIFY_STATE, FALSE, L"ring3 semaphore");
  CHECK(ReleaseSemaphore(semaphore_opened, 1, NULL));
  CHECK_FAILS_AS(WaitForSingleObject(semaphore_opened, 0), WAIT_FAILED, ERROR_ACCESS_DENIED);
  CHECK_EQ(WaitForSingleObject(semaphore, 0), WAIT_OBJECT_0);
  CHECK(CloseHandle(semaphore) && CloseHandle(semaphore_opened));
}

int main(void) {
  Events();
  Mutexes();
  Semaphores();
  Timers();
  Names();
  return Finish();
}
