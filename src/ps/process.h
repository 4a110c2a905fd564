// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/list.h>
#include <ddi/ps_ntifs.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ke/kthread.h"
#include "mm/address_space.h"
#include "ob/process_head.h"

namespace ring3::ps {
class RemoteProcess;
}
namespace ring3::os {
struct Identity;
}

// A process. `head` is what ke, ob and every PKPROCESS see; it must be first.
struct _EPROCESS {
  ring3::ob::ProcessHead head;

  HANDLE unique_process_id;
  HANDLE parent_process_id;
  HANDLE creating_thread_id;
  LIST_ENTRY process_list;  // of all processes; ps' lock
  LIST_ENTRY thread_list;   // of its _ETHREADs; ps' lock
  std::atomic<uint32_t> thread_count;
  LONGLONG create_time;  // 100 ns since 1601
  LONGLONG exit_time;
  std::atomic<NTSTATUS> exit_status;
  ULONG session_id;
  bool is_system;
  std::atomic<bool> exiting;
  std::atomic<bool> notified;  // creation was announced to drivers
  std::u16string* image_path;
  void* token;  // se's, referenced
  // Bytes charged against the process, [0] nonpaged, [1] paged.
  std::atomic<int64_t> quota_usage[2];
  // An application in a Linux process of its own; null: it is embedded, or the system process.
  ring3::ps::RemoteProcess* remote;
  // For io and win32.
  void* io_context;
  void* win32_process;
};

namespace ring3::ps {

inline PEPROCESS CurrentProcess() {
  return ob::CurrentProcess();
}
inline PEPROCESS ProcessOf(PKTHREAD thread) {
  return reinterpret_cast<PEPROCESS>(thread->own_process);
}

extern PEPROCESS g_system_process;

struct ProcessOptions {
  std::u16string_view image_path = u"\\??\\C:\\application.exe";
  std::u16string_view command_line;
  // Who it runs as; null: as this Linux process does.
  const os::Identity* identity = nullptr;
  // Of an application in a Linux process of its own; both outlive ExitProcess.
  RemoteProcess* remote = nullptr;
  ke::UserCode* user_code = nullptr;
  // Its user memory; null: the local space.
  std::unique_ptr<mm::AddressSpace> space;
};
// How a program's file is called in the executive: /usr/bin/client is \\??\\C:\\usr\\bin\\client.
std::u16string ImagePathOf(std::string_view linux_path);

// A process for an application, announced to the drivers' notify routines (which may refuse it). Referenced.
// The caller attaches its threads with AttachThread (thread.h).
Result<PEPROCESS> CreateUserProcess(ProcessOptions options);

// Rundown: no new threads, the I/O of its threads is cancelled (the io hook), its handles are closed, drivers
// are told, user memory goes, PROCESS_HAS_LOCKED_PAGES where a driver forgot to unlock, the process object is
// signalled. Called at PASSIVE_LEVEL, by the last thread or from outside when no thread runs in the executive
// any more.
void ExitProcess(PEPROCESS process, NTSTATUS exit_status);

struct RundownHooks {
  // Cancels what the thread has pending and waits for it; runs in that thread, or in another when the thread
  // is dead.
  void (*thread_exit)(PETHREAD thread) = nullptr;
  // Cancels what the threads of the process have pending and does not wait; they may be running. Called
  // before the handles are closed, and again until no thread is left in the executive.
  void (*process_exit)(PEPROCESS process) = nullptr;
  // Ends the user's memory.
  void (*memory_exit)(PEPROCESS process) = nullptr;
};
// io registers its own in its Initialize and takes it back (an empty one) in Shutdown.
void SetRundownHooks(const RundownHooks& hooks);
const RundownHooks& CurrentRundownHooks();

// Referenced process with that id. STATUS_INVALID_CID (lookup by PsLookup…: STATUS_INVALID_PARAMETER).
Result<PEPROCESS> LookupProcess(HANDLE process_id);

// Those that there are, rising by id; one that is made or goes meanwhile may be missing.
std::vector<ob::Ref<_EPROCESS>> AllProcesses();

// Tells load-image notify routines about a driver.
void NotifyDriverImageLoaded(std::u16string_view full_name, void* base, size_t byte_count);

// An id for a process or thread, a multiple of four that is not in use.
HANDLE AllocateClientId();

}  // namespace ring3::ps
