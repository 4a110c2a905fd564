// SPDX-License-Identifier: MIT
// Critical sections, slim locks, condition variables and one-time initialisation under contention; a client
// in C++ with the standard library, and wmain.
#include "check.h"

#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 5000;

template <typename Work>
void Contend(Work work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

void CriticalSections() {
  CRITICAL_SECTION section;
  InitializeCriticalSection(&section);
  int count = 0;
  Contend([&] {
    for (int i = 0; i < kRounds; ++i) {
      EnterCriticalSection(&section);
      EnterCriticalSection(&section);  // recursive
      ++count;
      LeaveCriticalSection(&section);
      LeaveCriticalSection(&section);
    }
  });
  CHECK_EQ(count, kThreads * kRounds);
  CHECK(TryEnterCriticalSection(&section));
  CHECK(TryEnterCriticalSection(&section));
  std::thread([&] { CHECK(!TryEnterCriticalSection(&section)); }).join();
  LeaveCriticalSection(&section);
  LeaveCriticalSection(&section);
  std::thread([&] {
    CHECK(TryEnterCriticalSection(&section));
    LeaveCriticalSection(&section);
  }).join();
  DeleteCriticalSection(&section);
}

void SlimLocks() {
  SRWLOCK lock = SRWLOCK_INIT;
  int first = 0, second = 0;
  Contend([&] {
    for (int i = 0; i < kRounds; ++i) {
      if (i % 4 == 0) {
        AcquireSRWLockExclusive(&lock);
        ++first, ++second;
        ReleaseSRWLockExclusive(&lock);
      } else {
        AcquireSRWLockShared(&lock);
        CHECK(first == second);
        ReleaseSRWLockShared(&lock);
      }
    }
  });
  CHECK_EQ(first, kThreads * kRounds / 4);
  CHECK(TryAcquireSRWLockShared(&lock));
  CHECK(TryAcquireSRWLockShared(&lock));
  CHECK(!TryAcquireSRWLockExclusive(&lock));
  ReleaseSRWLockShared(&lock);
  ReleaseSRWLockShared(&lock);
  CHECK(TryAcquireSRWLockExclusive(&lock));
  CHECK(!TryAcquireSRWLockShared(&lock));
  ReleaseSRWLockExclusive(&lock);
}

// Producers and consumers over a queue of one place.
void ConditionVariables() {
  CRITICAL_SECTION section;
  InitializeCriticalSectionAndSpinCount(&section, 100);
  CONDITION_VARIABLE full = CONDITION_VARIABLE_INIT, empty = CONDITION_VARIABLE_INIT;
  bool filled = false;
  long sum = 0;
  const auto produce = [&] {
    for (int i = 0; i < kRounds; ++i) {
      EnterCriticalSection(&section);
      while (filled) CHECK(SleepConditionVariableCS(&empty, &section, INFINITE));
      filled = true;
      LeaveCriticalSection(&section);
      WakeConditionVariable(&full);
    }
  };
  const auto consume = [&] {
    for (int i = 0; i < kRounds; ++i) {
      EnterCriticalSection(&section);
      while (!filled) CHECK(SleepConditionVariableCS(&full, &section, INFINITE));
      filled = false;
      ++sum;
      LeaveCriticalSection(&section);
      WakeConditionVariable(&empty);
    }
  };
  std::thread producer1(produce), producer2(produce), consumer1(consume), consumer2(consume);
  producer1.join(), producer2.join(), consumer1.join(), consumer2.join();
  CHECK_EQ(sum, 2 * kRounds);
  EnterCriticalSection(&section);
  CHECK_FAILS(SleepConditionVariableCS(&full, &section, 1), ERROR_TIMEOUT);
  LeaveCriticalSection(&section);
  DeleteCriticalSection(&section);

  SRWLOCK lock = SRWLOCK_INIT;
  CONDITION_VARIABLE start = CONDITION_VARIABLE_INIT;
  bool started = false;
  std::vector<std::thread> waiters;
  for (int i = 0; i < kThreads; ++i) {
    waiters.emplace_back([&] {
      AcquireSRWLockShared(&lock);
      while (!started) SleepConditionVariableSRW(&start, &lock, INFINITE, CONDITION_VARIABLE_LOCKMODE_SHARED);
      ReleaseSRWLockShared(&lock);
    });
  }
  AcquireSRWLockExclusive(&lock);
  started = true;
  ReleaseSRWLockExclusive(&lock);
  WakeAllConditionVariable(&start);
  for (std::thread& waiter : waiters) waiter.join();
  AcquireSRWLockExclusive(&lock);
  CHECK_FAILS(SleepConditionVariableSRW(&start, &lock, 0, 0), ERROR_TIMEOUT);
  ReleaseSRWLockExclusive(&lock);
}

long g_initialisations;

BOOL Initialise(PINIT_ONCE, PVOID parameter, PVOID* context) {
  ++g_initialisations;
  *context = parameter;
  return TRUE;
}

BOOL Refuse(PINIT_ONCE, PVOID, PVOID*) {
  return FALSE;
}

void Once() {
  INIT_ONCE once = INIT_ONCE_STATIC_INIT;
  alignas(8) long target = 0;
  CHECK(!InitOnceExecuteOnce(&once, Refuse, nullptr, nullptr));  // the next one tries again
  Contend([&] {
    PVOID context = nullptr;
    CHECK(InitOnceExecuteOnce(&once, Initialise, &target, &context));
    CHECK(context == &target);
  });
  CHECK_EQ(g_initialisations, 1);
}

}  // namespace

// A thread of the standard library's is the executive's too.
int wmain(int argc, wchar_t** argv) {
  CHECK_EQ(argc, 2);
  CHECK(argc == 2 && argv[1][0] == L'\u00e4' && argv[1][1] == L'\xD83D' && argv[1][2] == L'\xDE00' &&
        argv[1][3] == 0);
  CHECK_EQ(lstrlenW(GetCommandLineW()), lstrlenW(argv[0]) + 4);
  CriticalSections();
  SlimLocks();
  ConditionVariables();
  Once();
  HANDLE event = CreateEventW(nullptr, FALSE, FALSE, nullptr);
  std::thread([&] { SetEvent(event); }).join();
  CHECK_EQ(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
  CHECK(CloseHandle(event));
  const std::string text = std::to_string(42) + "!";
  CHECK_EQ(text.size(), 3);
  return Finish();
}
