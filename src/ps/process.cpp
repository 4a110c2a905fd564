// SPDX-License-Identifier: MIT
#include "ps/process.h"

#include <bugcodes.h>
#include <ddi/ke.h>
#include <ddi/ke_ntifs.h>

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include "ke/bugcheck.h"
#include "mm/address_space.h"
#include "mm/locked_pages.h"
#include "os/clock.h"
#include "os/identity.h"
#include "ps/notify.h"
#include "ps/state.h"
#include "rtl/unicode_text.h"
#include "se/token.h"

namespace ring3::ps {

State g_state;
PEPROCESS g_system_process = nullptr;
ob::ObjectType* g_process_type = nullptr;

namespace {

// Stands in for the last thread of `process` while it lives: runs in its context, and PsGetCurrentProcessId
// names it.
class LastThread {
 public:
  explicit LastThread(PEPROCESS process)
      : attached_(process != CurrentProcess()), own_process_(CurrentThread()->client_id.UniqueProcess) {
    CurrentThread()->client_id.UniqueProcess = process->unique_process_id;
    if (attached_) KeStackAttachProcess(reinterpret_cast<PRKPROCESS>(process), &state_);
  }
  ~LastThread() {
    if (attached_) KeUnstackDetachProcess(&state_);
    CurrentThread()->client_id.UniqueProcess = own_process_;
  }
  LastThread(const LastThread&) = delete;
  LastThread& operator=(const LastThread&) = delete;

 private:
  const bool attached_;
  const HANDLE own_process_;
  KAPC_STATE state_ = {};
};

}  // namespace

void DeleteProcess(void* object) {
  auto* process = static_cast<PEPROCESS>(object);
  {
    SpinLockGuard guard(g_state.lock);
    g_state.processes.erase(reinterpret_cast<ULONG_PTR>(process->unique_process_id));
  }
  if (process->head.handles != ob::g_kernel_handles) delete process->head.handles;
  mm::DeleteAddressSpace(process);
  if (process->token != nullptr) ob::Dereference(process->token);
  delete process->image_path;
  process->~_EPROCESS();
}

HANDLE AllocateClientId() {
  SpinLockGuard guard(g_state.lock);
  ULONG_PTR id = g_state.next_id;
  g_state.next_id += 4;
  return reinterpret_cast<HANDLE>(id);
}

Result<PEPROCESS> CreateProcessObject(ob::HandleTable* handles, std::u16string_view image_path) {
  RING3_TRY_ASSIGN(void* object, ob::CreateObject(g_process_type, sizeof(_EPROCESS)));
  auto* process = new (object) _EPROCESS();
  process->unique_process_id = AllocateClientId();
  ke::InitializeProcess(&process->head.pcb, &mm::AddressSpace::Local(),
                        reinterpret_cast<ULONG_PTR>(process->unique_process_id));
  process->head.handles = handles;
  process->create_time = os::SystemTime100ns();
  process->exit_status = STATUS_PENDING;
  process->image_path = new std::u16string(image_path);
  InitializeListHead(&process->thread_list);
  std::string name = ob::Narrow(image_path.substr(image_path.rfind(u'\\') + 1));
  char(&short_name)[15] = process->head.pcb.image_file_name;
  name.copy(short_name, sizeof(short_name) - 1);
  SpinLockGuard guard(g_state.lock);
  g_state.processes[reinterpret_cast<ULONG_PTR>(process->unique_process_id)] = process;
  return process;
}

std::u16string ImagePathOf(std::string_view linux_path) {
  std::u16string path = u"\\??\\C:" + rtl::Utf16FromUtf8(linux_path);
  std::replace(path.begin(), path.end(), u'/', u'\\');
  return path;
}

Result<PEPROCESS> CreateUserProcess(ProcessOptions options) {
  auto* handles = new (std::nothrow) ob::HandleTable(ob::HandleTable::Kind::kProcess);
  if (handles == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  Result<PEPROCESS> created = CreateProcessObject(handles, options.image_path);
  if (!created.ok()) {
    delete handles;
    return created.status();
  }
  ob::Ref<_EPROCESS> process = ob::Ref<_EPROCESS>::Adopt(*created);
  RING3_TRY_ASSIGN(process->token,
                   se::CreateToken(options.identity != nullptr ? *options.identity : os::CurrentIdentity()));
  process->remote = options.remote;
  process->head.pcb.user_code = options.user_code;
  if (options.space != nullptr) mm::SetAddressSpace(process.get(), std::move(options.space));
  process->session_id = 1;
  PEPROCESS creator = ProcessOf(ke::CurrentThread());
  process->parent_process_id = creator == nullptr ? nullptr : creator->unique_process_id;
  const Status accepted = NotifyProcessCreated(process.get(), options.command_line);
  if (accepted.ok()) return process.Release();
  // Somebody may have referenced it. Its end is not announced: it has never been one.
  process->notified.store(false);
  ExitProcess(process.get(), accepted.status());
  return accepted.status();
}

void ExitProcess(PEPROCESS process, NTSTATUS exit_status) {
  if (process->exiting.exchange(true)) return;
  const RundownHooks hooks = CurrentRundownHooks();
  PKTHREAD self = ke::CurrentThread();
  bool own = ProcessOf(self) == process;

  // Threads that are left: their requests are cancelled, and they are forgotten.
  std::vector<PETHREAD> left;
  {
    SpinLockGuard guard(g_state.lock);
    for (auto& [id, thread] : g_state.threads) {
      if (ProcessOf(&thread->tcb) == process && !thread->terminating && ob::ReferenceUnlessDeleted(thread)) {
        left.push_back(thread);
      }
    }
  }
  for (PETHREAD thread : left) {
    if (hooks.thread_exit != nullptr) hooks.thread_exit(thread);
    ob::Dereference(thread);
  }
  {
    LastThread last_thread(process);
    if (hooks.process_exit != nullptr) hooks.process_exit(process);
    NotifyProcessExited(process);
    ob::CloseAllHandles(process);
    if (size_t pages = mm::LockedPagesOf(process); pages != 0) {
      std::vector<mm::LockedRange> ranges;
      mm::ForEachLockedRange([&](const mm::LockedRange& range) {
        if (range.process == process) ranges.push_back(range);
      });
      std::string note;
      for (const mm::LockedRange& range : ranges) note += (note.empty() ? "" : "\n  ") + mm::Describe(range);
      ke::NoteForBugCheck(note.c_str());
      KeBugCheckEx(PROCESS_HAS_LOCKED_PAGES, 0, reinterpret_cast<ULONG_PTR>(process), pages, 0);
    }
    if (hooks.memory_exit != nullptr) hooks.memory_exit(process);
    mm::TearDownAddressSpace(process);
  }
  // What it was made with may go from here on.
  process->remote = nullptr;
  process->head.pcb.user_code = nullptr;
  process->exit_time = os::SystemTime100ns();
  process->exit_status = exit_status;
  if (own) DetachThread(exit_status);
  ke::SignalProcessEnd(&process->head.pcb);
}

void SetRundownHooks(const RundownHooks& hooks) {
  SpinLockGuard guard(g_state.lock);
  g_state.hooks = hooks;
}

const RundownHooks& CurrentRundownHooks() RING3_NO_THREAD_SAFETY_ANALYSIS {
  return g_state.hooks;
}

Result<PEPROCESS> LookupProcess(HANDLE process_id) {
  SpinLockGuard guard(g_state.lock);
  auto found = g_state.processes.find(reinterpret_cast<ULONG_PTR>(process_id));
  if (found == g_state.processes.end() || !ob::ReferenceUnlessDeleted(found->second))
    return STATUS_INVALID_CID;
  return found->second;
}

std::vector<ob::Ref<_EPROCESS>> AllProcesses() {
  std::vector<ob::Ref<_EPROCESS>> all;
  SpinLockGuard guard(g_state.lock);
  for (const auto& [id, process] : g_state.processes) {
    if (ob::ReferenceUnlessDeleted(process)) all.push_back(ob::Ref<_EPROCESS>::Adopt(process));
  }
  return all;
}

}  // namespace ring3::ps
