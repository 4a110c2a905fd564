// SPDX-License-Identifier: MIT
#include "ps/init.h"

#include <ddi/ke.h>

#include <fmt/format.h>

#include <vector>

#include "ex/work_queue.h"
#include "os/thread.h"
#include "ps/borrowed_identity.h"
#include "ps/notify.h"
#include "ps/state.h"
#include "ps/system_thread.h"
#include "se/token.h"

namespace ring3::ps {

void DeleteProcess(void* object);
void DeleteThread(void* object);

namespace {

PKTHREAD CreateForKe() {
  BorrowedIdentity identity;
  Result<PETHREAD> thread = CreateThreadObject(g_system_process);
  return thread.ok() ? &(*thread)->tcb : nullptr;
}

void DestroyForKe(PKTHREAD thread) {
  BorrowedIdentity identity;
  auto* ethread = reinterpret_cast<PETHREAD>(thread);
  if (!ethread->terminating.exchange(true)) {
    // What other components keep for the thread goes before it.
    if (const auto exit = CurrentRundownHooks().thread_exit; exit != nullptr) exit(ethread);
    ProcessOf(thread)->thread_count.fetch_sub(1);
  }
  ob::Dereference(ethread);
}

constexpr ke::ThreadSource kThreadSource{&CreateForKe, &DestroyForKe};

void* PrimaryToken(PEPROCESS process) {
  ob::Reference(process->token);
  return process->token;
}

se::Impersonation ImpersonationOf(PETHREAD thread) {
  SpinLockGuard guard(g_state.lock);
  if (thread->impersonation_token != nullptr) ob::Reference(thread->impersonation_token);
  return {thread->impersonation_token, thread->impersonation_level};
}

}  // namespace

Status CreateTypes() {
  ob::TypeOptions process;
  process.dispatcher_offset = 0;
  process.supports_callbacks = true;
  process.generic_mapping = {STANDARD_RIGHTS_READ | PROCESS_VM_READ | PROCESS_QUERY_INFORMATION,
                             STANDARD_RIGHTS_WRITE | PROCESS_CREATE_PROCESS | PROCESS_CREATE_THREAD |
                                 PROCESS_VM_OPERATION | PROCESS_VM_WRITE | PROCESS_DUP_HANDLE |
                                 PROCESS_TERMINATE | PROCESS_SET_QUOTA | PROCESS_SET_INFORMATION,
                             STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION,
                             PROCESS_ALL_ACCESS};
  process.valid_access = PROCESS_ALL_ACCESS;
  process.procedures.delete_object = &DeleteProcess;
  RING3_TRY_ASSIGN(g_process_type, ob::CreateType(u"Process", process));

  ob::TypeOptions thread = process;
  thread.generic_mapping = {STANDARD_RIGHTS_READ | THREAD_GET_CONTEXT | THREAD_QUERY_INFORMATION,
                            STANDARD_RIGHTS_WRITE | THREAD_TERMINATE | THREAD_SUSPEND_RESUME | THREAD_ALERT |
                                THREAD_SET_CONTEXT | THREAD_SET_INFORMATION,
                            STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE | THREAD_QUERY_LIMITED_INFORMATION,
                            THREAD_ALL_ACCESS};
  thread.valid_access = THREAD_ALL_ACCESS;
  thread.procedures.delete_object = &DeleteThread;
  RING3_TRY_ASSIGN(g_thread_type, ob::CreateType(u"Thread", thread));
  ob::g_process_types = {g_process_type, g_thread_type};
  return STATUS_SUCCESS;
}

Status Initialize(const BootOptions&) {
  g_state.generation.fetch_add(1);
  {
    SpinLockGuard guard(g_state.lock);
    g_state.next_id = 4;
  }
  RING3_TRY(CreateTypes());
  RING3_TRY_ASSIGN(g_system_process, CreateProcessObject(ob::g_kernel_handles, u"System"));
  PsInitialSystemProcess = g_system_process;
  g_system_process->is_system = true;
  RING3_TRY_ASSIGN(g_system_process->token, se::CreateSystemToken());
  static constexpr se::TokenSource kTokens{&PrimaryToken, &ImpersonationOf, &CurrentProcess, &CurrentThread};
  se::SetTokenSource(&kTokens);
  ke::SetThreadSource(&kThreadSource);
  return STATUS_SUCCESS;
}

void Shutdown(LeakReport& report) {
  if (g_system_process == nullptr) return;
  // Their thread blocks are taken back below.
  ex::StopWorkers();
  ke::StopExecutiveThreads(report);
  ReportLeftNotifyRoutines(report);
  // The thread that shuts down has been one of ours.
  DetachThread(STATUS_SUCCESS);
  ke::SetThreadSource(nullptr);
  se::SetTokenSource(nullptr);

  // System threads on their last steps are waited for; those that still run are reported.
  WaitForEndedThreads();
  std::vector<std::string> left;
  std::vector<PETHREAD> idle;
  {
    SpinLockGuard guard(g_state.lock);
    for (const auto& [id, thread] : g_state.threads) {
      if (thread->terminating) continue;
      if (thread->start_routine != nullptr) {
        left.push_back(fmt::format("system thread {:#x} still runs (started at {})", id,
                                   reinterpret_cast<void*>(thread->start_routine)));
      } else {
        // A Linux thread that was in the executive once and is not now.
        idle.push_back(thread);
      }
    }
  }
  for (std::string& line : left) report.Add(std::move(line));
  for (PETHREAD thread : idle) {
    thread->terminating = true;
    ob::Dereference(thread);
  }
  g_state.generation.fetch_add(1);
  SetRundownHooks({});
  PsInitialSystemProcess = nullptr;
  ob::Dereference(g_system_process);
  g_system_process = nullptr;
}

}  // namespace ring3::ps
