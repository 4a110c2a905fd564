// SPDX-License-Identifier: MIT
// Console control handlers: Ctrl-C is SIGINT. As documented, the routines run in a thread that is made for
// them, last-registered first, so they may call what a signal handler may not.
// https://learn.microsoft.com/windows/console/console-control-handlers
#include "win32/win32.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "os/futex.h"
#include "os/process.h"
#include "os/thread.h"

namespace ring3::win32 {
namespace {

struct Handlers {
  std::mutex mutex;
  std::vector<PHANDLER_ROUTINE> routines;
  bool ignored = false;
  bool has_dispatcher = false;
};

Handlers& TheHandlers() {
  static Handlers& handlers = *new Handlers;
  return handlers;
}

// A futex: how often Ctrl-C was pressed.
std::atomic<uint32_t> g_interrupts{0};

void OnInterrupt(int) {
  g_interrupts.fetch_add(1, std::memory_order_release);
  os::FutexWakeAll(g_interrupts);
}

void RunHandlers(void*) {
  std::vector<PHANDLER_ROUTINE> routines;
  {
    std::lock_guard<std::mutex> guard(TheHandlers().mutex);
    routines = TheHandlers().routines;
  }
  while (!routines.empty()) {
    const PHANDLER_ROUTINE routine = routines.back();
    routines.pop_back();
    if (routine(CTRL_C_EVENT)) return;
  }
  std::_Exit(128 + SIGINT);
}

// Starts a thread for each interrupt.
void Dispatch(void*) {
  for (uint32_t seen = 0;;) {
    if (g_interrupts.load(std::memory_order_acquire) == seen) {
      os::FutexWait(g_interrupts, seen);
      continue;
    }
    ++seen;
    Result<os::Thread> thread = os::Thread::Create("ring3-control", RunHandlers, nullptr);
    if (thread.ok()) thread->Detach();
  }
}

// A forked child has no thread that would call handlers.
void ForgetHandlers() {
  if (TheHandlers().has_dispatcher && !TheHandlers().ignored) std::signal(SIGINT, SIG_DFL);
}

bool MakeDispatcher(Handlers& handlers) {
  if (handlers.has_dispatcher) return true;
  Result<os::Thread> dispatcher = os::Thread::Create("ring3-control", Dispatch, nullptr);
  if (!dispatcher.ok()) return false;
  dispatcher->Detach();
  os::CallAroundForks(nullptr, nullptr, ForgetHandlers);
  return handlers.has_dispatcher = true;
}

}  // namespace

extern "C" {

// https://learn.microsoft.com/windows/console/setconsolectrlhandler
BOOL SetConsoleCtrlHandler(PHANDLER_ROUTINE HandlerRoutine, BOOL Add) {
  Handlers& handlers = TheHandlers();
  std::lock_guard<std::mutex> guard(handlers.mutex);
  std::vector<PHANDLER_ROUTINE>& routines = handlers.routines;
  if (HandlerRoutine == nullptr) {
    handlers.ignored = Add;
  } else if (Add) {
    if (!MakeDispatcher(handlers)) return FailWith(ERROR_NOT_ENOUGH_MEMORY);
    routines.push_back(HandlerRoutine);
  } else {
    const auto last = std::find(routines.rbegin(), routines.rend(), HandlerRoutine);
    if (last == routines.rend()) return FailWith(ERROR_INVALID_PARAMETER);
    routines.erase(std::next(last).base());
  }
  std::signal(SIGINT, handlers.ignored ? SIG_IGN : routines.empty() ? SIG_DFL : OnInterrupt);
  return TRUE;
}

}  // extern "C"

}  // namespace ring3::win32
