// SPDX-License-Identifier: MIT
#include "ps/system_thread.h"

#include <ddi/ke.h>

#include "ke/driver_gate.h"
#include "os/thread.h"
#include "ps/notify.h"
#include "ps/state.h"

namespace ring3::ps {
namespace {

constexpr int kRoundsToWait = 1;
thread_local constinit int t_rounds_to_wait = kRoundsToWait;

// The very last thing that a Linux thread of ours does with the executive: not before the second time round.
void EndOsThread(void*);
constinit os::AtThreadEnd g_os_thread_end(EndOsThread);
void EndOsThread(void* argument) {
  if (t_rounds_to_wait-- != 0) return g_os_thread_end.Arm(argument);
  g_state.os_thread_count.fetch_sub(1, std::memory_order_release);
}

void Body(void* argument) {
  g_os_thread_end.Arm(argument);
  auto* thread = static_cast<PETHREAD>(argument);
  ke::AttachCurrentOsThread(&thread->tcb);
  thread->tcb.kernel_depth = 1;
  // Normal kernel APCs are disabled in all of a system thread (nf-wdm-pscreatesystemthread).
  KeEnterCriticalRegion();
  ke::CallDriver(nullptr, ke::Callback::kSystemThread, thread->start_routine, thread->start_context);
  DetachThread(STATUS_SUCCESS);
}

}  // namespace

Result<PETHREAD> StartSystemThread(PEPROCESS process, PKSTART_ROUTINE routine, void* context) {
  RING3_TRY_ASSIGN(PETHREAD thread, CreateThreadObject(process));
  thread->start_routine = routine;
  thread->start_context = context;
  thread->is_system = true;
  thread->tcb.is_system_thread = true;
  ob::Reference(thread);
  NotifyThreadCreated(thread);
  g_state.os_thread_count.fetch_add(1);
  Result<os::Thread> started = os::Thread::Create("ring3-system", &Body, thread);
  if (!started.ok()) {
    g_state.os_thread_count.fetch_sub(1);
    process->thread_count.fetch_sub(1);
    NotifyThreadExited(thread);
    ob::Dereference(thread, 2);
    return started.status();
  }
  started->Detach();
  return thread;
}

const void* FindSystemThreadIn(const void* start, size_t byte_count) {
  SpinLockGuard guard(g_state.lock);
  for (const auto& [id, thread] : g_state.threads) {
    const auto* routine = reinterpret_cast<const char*>(thread->start_routine);
    const size_t offset = reinterpret_cast<uintptr_t>(routine) - reinterpret_cast<uintptr_t>(start);
    if (routine != nullptr && !thread->terminating && offset < byte_count) return routine;
  }
  return nullptr;
}

void WaitForEndedThreads() {
  for (;;) {
    uint32_t running = 0;
    {
      SpinLockGuard guard(g_state.lock);
      for (const auto& [id, thread] : g_state.threads) {
        if (thread->start_routine != nullptr && !thread->terminating) ++running;
      }
    }
    if (g_state.os_thread_count.load(std::memory_order_acquire) <= running) return;
    os::YieldThread();
  }
}

void ExitSystemThread(NTSTATUS exit_status) {
  DetachThread(exit_status);
  os::ExitCurrentThread();
}

}  // namespace ring3::ps
