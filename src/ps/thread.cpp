// SPDX-License-Identifier: MIT
#include "ps/thread.h"

#include <ddi/ke.h>

#include <fmt/format.h>

#include <new>

#include "ex/lookaside.h"
#include "ex/pool.h"
#include "ke/apc.h"
#include "ke/door.h"
#include "mm/mdl_cache.h"
#include "os/clock.h"
#include "os/thread.h"
#include "ps/borrowed_identity.h"
#include "ps/notify.h"
#include "ps/state.h"

namespace ring3::ps {

ob::ObjectType* g_thread_type = nullptr;

namespace {

// The executive that the calling Linux thread is attached to; zero: to none.
thread_local constinit uint64_t t_generation = 0;

// Runs a thread down when its Linux thread ends without having been detached.
constinit os::AtThreadEnd g_thread_end([](void*) {
  if (t_generation == 0 || !ke::TryEnterDoor()) return;
  if (t_generation == g_state.generation.load()) DetachThread(STATUS_SUCCESS);
  ke::LeaveDoor();
});

}  // namespace

void DeleteThread(void* object) {
  auto* thread = static_cast<PETHREAD>(object);
  {
    SpinLockGuard guard(g_state.lock);
    g_state.threads.erase(reinterpret_cast<ULONG_PTR>(thread->client_id.UniqueThread));
  }
  if (thread->impersonation_token != nullptr) ob::Dereference(thread->impersonation_token);
  PEPROCESS process = ProcessOf(&thread->tcb);
  thread->~_ETHREAD();
  if (process != nullptr) ob::Dereference(process);
}

Result<PETHREAD> CreateThreadObject(PEPROCESS process) {
  RING3_TRY_ASSIGN(void* object, ob::CreateObject(g_thread_type, sizeof(_ETHREAD)));
  auto* thread = new (object) _ETHREAD();
  ke::InitializeThread(&thread->tcb, &process->head.pcb);
  ob::Reference(process);
  thread->tcb.own_process = &process->head.pcb;
  thread->tcb.process = &process->head.pcb;
  thread->client_id.UniqueThread = AllocateClientId();
  thread->client_id.UniqueProcess = process->unique_process_id;
  thread->create_time = os::SystemTime100ns();
  thread->exit_status = STATUS_PENDING;
  thread->is_system = process == g_system_process;
  thread->tcb.is_system_thread = thread->is_system;
  InitializeListHead(&thread->irp_list);
  InitializeListHead(&thread->thread_list);
  process->thread_count.fetch_add(1);
  SpinLockGuard guard(g_state.lock);
  g_state.threads[reinterpret_cast<ULONG_PTR>(thread->client_id.UniqueThread)] = thread;
  return thread;
}

// The parts of a thread's end that come before it loses its identity.
void RunDown(PETHREAD thread, NTSTATUS exit_status) {
  if (thread->terminating.exchange(true)) return;
  const RundownHooks& hooks = CurrentRundownHooks();
  if (hooks.thread_exit != nullptr) hooks.thread_exit(thread);
  NotifyThreadExited(thread);
  thread->exit_time = os::SystemTime100ns();
  thread->exit_status = exit_status;
  ProcessOf(&thread->tcb)->thread_count.fetch_sub(1);
}

Status AttachThread(PEPROCESS process) {
  PKTHREAD current = ke::CurrentThreadOrNull();
  if (current != nullptr && ProcessOf(current) == process) return STATUS_SUCCESS;
  if (process->exiting) return STATUS_PROCESS_IS_TERMINATING;
  PETHREAD thread;
  {
    BorrowedIdentity identity;
    RING3_TRY_ASSIGN(thread, CreateThreadObject(process));
  }
  // Boot and whoever called before: until now a system thread.
  if (current != nullptr) DetachThread(STATUS_SUCCESS);
  AdoptThread(thread);
  return STATUS_SUCCESS;
}

void AdoptThread(PETHREAD thread) {
  ke::AttachCurrentOsThread(&thread->tcb);
  t_generation = g_state.generation.load();
  g_thread_end.Arm(&t_generation);
  NotifyThreadStarted(thread);
}

void DetachThread(NTSTATUS exit_status) {
  if (ke::CurrentThreadOrNull() == nullptr) return;
  PETHREAD thread = CurrentThread();
  t_generation = 0;
  RunDown(thread, exit_status);
  // Ends of requests that were not delivered, and what drivers did when they heard of the thread's end, may
  // have made what other components keep for the thread anew.
  ke::RundownApcs(&thread->tcb);
  if (const auto exit = CurrentRundownHooks().thread_exit; exit != nullptr) exit(thread);
  thread->tcb.driver_call = nullptr;
  ke::DetachCurrentOsThread();
  {
    BorrowedIdentity identity;
    ob::Dereference(thread);
  }
  // An application's thread is still inside. At its end the executive may be gone.
  mm::MdlCache::GiveBackOfThread();
  ex::RetireMagazinesOfThread();
  ex::RetireCacheOfThread();
}

Result<PETHREAD> LookupThread(HANDLE thread_id) {
  SpinLockGuard guard(g_state.lock);
  auto found = g_state.threads.find(reinterpret_cast<ULONG_PTR>(thread_id));
  if (found == g_state.threads.end() || found->second->terminating ||
      !ob::ReferenceUnlessDeleted(found->second)) {
    return STATUS_INVALID_CID;
  }
  return found->second;
}

}  // namespace ring3::ps
