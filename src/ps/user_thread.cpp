// SPDX-License-Identifier: MIT
#include "ps/user_thread.h"

#include <ddi/ke.h>
#include <ntstatus.h>

#include <new>
#include <vector>

#include "ke/apc.h"
#include "ke/door.h"
#include "ke/kthread.h"
#include "os/clock.h"
#include "os/futex.h"
#include "os/thread.h"
#include "ps/notify.h"
#include "ps/remote_process.h"
#include "ps/state.h"

namespace ring3::ps {
namespace {

// The start of a thread; the new thread frees it. `suspended` is what it waits for.
struct Start {
  PETHREAD thread;
  UserThreadOptions options;
};

void Body(void* argument) {
  auto* const start = static_cast<Start*>(argument);
  const UserThreadOptions options = start->options;
  const PETHREAD thread = start->thread;
  delete start;
  {
    ke::DoorPass door;
    AdoptThread(thread);
    WaitUntilResumed();
  }
  ExitUserThread(static_cast<NTSTATUS>(options.start_routine(options.argument)));
}

// Makes the thread's Linux thread, here or in the application's own process. Takes over a reference.
Status StartOsThread(PETHREAD thread, const UserThreadOptions& options) {
  if (RemoteProcess* const remote = ProcessOf(&thread->tcb)->remote; remote != nullptr)
    return remote->StartThread(thread, options);
  auto* const start = new (std::nothrow) Start{thread, options};
  Result<os::Thread> made = start == nullptr
                                ? Result<os::Thread>(STATUS_INSUFFICIENT_RESOURCES)
                                : os::Thread::Create("ring3-client", Body, start, options.stack_byte_count);
  if (!made.ok()) {
    delete start;
    AbandonUserThread(thread, made.status());
    return made.status();
  }
  made->Detach();
  return STATUS_SUCCESS;
}

}  // namespace

Result<PETHREAD> CreateUserThread(PEPROCESS process, const UserThreadOptions& options) {
  if (process->exiting) return STATUS_PROCESS_IS_TERMINATING;
  RING3_TRY_ASSIGN(PETHREAD thread, CreateThreadObject(process));
  thread->suspend_count = options.start == StartState::kSuspended ? 1 : 0;
  ob::Reference(thread);  // the thread's own
  NotifyThreadCreated(thread);
  const Status started = StartOsThread(thread, options);
  if (started.ok()) return thread;
  ob::Dereference(thread);
  return started.status();
}

void AbandonUserThread(PETHREAD thread, NTSTATUS exit_status) {
  thread->terminating = true;
  NotifyThreadExited(thread);
  thread->exit_time = os::SystemTime100ns();
  thread->exit_status = exit_status;
  ProcessOf(&thread->tcb)->thread_count.fetch_sub(1);
  ke::SignalThreadEnd(&thread->tcb);
  ob::Dereference(thread);
}

void WaitUntilResumed() {
  const PETHREAD thread = CurrentThread();
  while (thread->suspend_count.load(std::memory_order_acquire) != 0) os::FutexWait(thread->suspend_count, 1);
}

ULONG ResumeUserThread(PETHREAD thread) {
  const uint32_t before = thread->suspend_count.exchange(0, std::memory_order_release);
  if (before != 0) os::FutexWakeAll(thread->suspend_count);
  return before;
}

void ExitUserThread(NTSTATUS exit_status) {
  if (CurrentProcess()->remote != nullptr) {
    CurrentThread()->end_status = exit_status;
    CurrentThread()->ends = true;
    return;
  }
  // Until its door goes with the Linux thread.
  ke::EnterDoor();
  DetachThread(exit_status);
  os::ExitCurrentThread();
}

void StopUserThreads(PEPROCESS process) {
  const PETHREAD self = CurrentThread();
  while (ke::IsAnyoneElseInside()) {
    std::vector<PETHREAD> threads;
    {
      SpinLockGuard guard(g_state.lock);
      for (const auto& [id, thread] : g_state.threads) {
        if (thread == self || ProcessOf(&thread->tcb) != process || thread->terminating) continue;
        if (ob::ReferenceUnlessDeleted(thread)) threads.push_back(thread);
      }
    }
    for (PETHREAD thread : threads) {
      if (thread->tcb.kernel_depth != 0) ke::AbortUserWaits(&thread->tcb);
      ResumeUserThread(thread);
      ob::Dereference(thread);
    }
    if (const auto cancel = CurrentRundownHooks().process_exit; cancel != nullptr) cancel(process);
    os::YieldThread();
  }
}

}  // namespace ring3::ps
