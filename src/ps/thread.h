// SPDX-License-Identifier: MIT
#pragma once

#include "ps/process.h"

// A thread. `tcb` is what ke sees; it must be first.
struct _ETHREAD {
  _KTHREAD tcb;

  CLIENT_ID client_id;
  LIST_ENTRY thread_list;  // in its process; ps' lock
  LIST_ENTRY client_id_list;
  LONGLONG create_time;
  LONGLONG exit_time;
  std::atomic<NTSTATUS> exit_status;
  std::atomic<bool> terminating;
  bool announced;                       // its creation, to drivers
  std::atomic<uint32_t> suspend_count;  // 1 until a thread that was created suspended is resumed; a futex
  bool is_system;
  // A thread of a remote process that has asked for its end; its own.
  bool ends;
  NTSTATUS end_status;
  bool counted;  // in its process' thread_count
  // IRPs that the thread waits for or has sent, IRP::ThreadListEntry; io's, guarded by io.
  LIST_ENTRY irp_list;
  // Of a system thread.
  PKSTART_ROUTINE start_routine;
  void* start_context;
  // Impersonation; ps' lock.
  void* impersonation_token;
  SECURITY_IMPERSONATION_LEVEL impersonation_level;
  BOOLEAN copy_on_open;
  BOOLEAN effective_only;
};

namespace ring3::ps {

inline PETHREAD CurrentThread() {
  return reinterpret_cast<PETHREAD>(ke::CurrentThread());
}

// Makes the calling Linux thread a thread of `process`. Undone by DetachThread, or when the Linux thread
// ends. STATUS_PROCESS_IS_TERMINATING, STATUS_INSUFFICIENT_RESOURCES.
Status AttachThread(PEPROCESS process);
// The same for a thread object that was made beforehand: takes over a reference.
void AdoptThread(PETHREAD thread);
// The thread's end: pending I/O is cancelled, drivers are told, the thread object is signalled.
void DetachThread(NTSTATUS exit_status);

// Referenced thread with that id.
Result<PETHREAD> LookupThread(HANDLE thread_id);

}  // namespace ring3::ps
