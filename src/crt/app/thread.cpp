// SPDX-License-Identifier: MIT
// <process.h>: threads of the runtime are Win32 threads.
#include <cstddef>
#include <cstdint>

#include "crt/app/stream.h"

extern "C" {
void* CreateThread(void* security, size_t stack_size, unsigned (*start)(void*), void* argument,
                   unsigned flags, unsigned* id);
[[noreturn]] void ExitThread(unsigned exit_code);
int CloseHandle(void* handle);
int getpid(void);
}

namespace {

struct Start {
  void (*routine)(void*);
  void* argument;
};

unsigned RunStart(void* context) {
  const Start start = *static_cast<Start*>(context);
  free(context);
  start.routine(start.argument);
  return 0;
}

}  // namespace

extern "C" {

uintptr_t _beginthreadex(void* security, unsigned stack_size, unsigned (*start)(void*), void* argument,
                         unsigned flags, unsigned* id) {
  return reinterpret_cast<uintptr_t>(CreateThread(security, stack_size, start, argument, flags, id));
}

// The handle is closed by the thread's end on Windows; here at once, so that the result tells success only.
uintptr_t _beginthread(void (*routine)(void*), unsigned stack_size, void* argument) {
  auto* const start = static_cast<Start*>(malloc(sizeof(Start)));
  if (!start) return static_cast<uintptr_t>(-1);
  *start = {routine, argument};
  void* const thread = CreateThread(nullptr, stack_size, RunStart, start, 0, nullptr);
  if (!thread) {
    free(start);
    return static_cast<uintptr_t>(-1);
  }
  CloseHandle(thread);
  return reinterpret_cast<uintptr_t>(thread);
}

void _endthreadex(unsigned exit_code) {
  ExitThread(exit_code);
}
void _endthread(void) {
  ExitThread(0);
}
int _getpid(void) {
  return getpid();
}
}
