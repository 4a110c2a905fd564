// SPDX-License-Identifier: MIT
// Threads: PsCreateSystemThread, PsTerminateSystemThread, identities, lookup, ZwOpenThread.
#include <ddi/ke.h>
#include <ddi/ke_ntddk.h>

#include "ob/service.h"
#include "ps/state.h"
#include "ps/system_thread.h"

using namespace ring3;

extern "C" {

// `process_handle` null: the system process. The handle is one of the current process' unless
// OBJ_KERNEL_HANDLE is given. STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_HANDLE. PASSIVE_LEVEL.
// nf-wdm-pscreatesystemthread
NTSTATUS PsCreateSystemThread(PHANDLE handle, ULONG access, POBJECT_ATTRIBUTES attributes,
                              HANDLE process_handle, PCLIENT_ID client_id, PKSTART_ROUTINE routine,
                              PVOID context) {
  *handle = nullptr;
  if (attributes != nullptr && attributes->ObjectName != nullptr) return STATUS_INVALID_PARAMETER;
  ob::Ref<_EPROCESS> process;
  if (process_handle == nullptr) {
    process = ob::Ref<_EPROCESS>::Take(ps::g_system_process);
  } else {
    RING3_TRY_ASSIGN(process, ob::ReferenceHandleAs<_EPROCESS>(process_handle, PROCESS_CREATE_THREAD,
                                                               ps::g_process_type, KernelMode));
  }
  RING3_TRY_ASSIGN(PETHREAD started, ps::StartSystemThread(process.get(), routine, context));
  auto thread = ob::Ref<_ETHREAD>::Adopt(started);
  if (client_id != nullptr) *client_id = thread->client_id;
  ULONG flags = attributes == nullptr ? 0 : attributes->Attributes;
  // The thread runs already: a failure here leaves it running without a handle, as a closed handle would.
  return ob::Return(ob::OpenObjectByPointer(thread.get(), flags, KernelMode,
                                            access == 0 ? THREAD_ALL_ACCESS : access, ps::g_thread_type),
                    handle);
}

// Does not return when the caller is a system thread. STATUS_INVALID_PARAMETER when it is not. PASSIVE_LEVEL.
// nf-wdm-psterminatesystemthread
NTSTATUS PsTerminateSystemThread(NTSTATUS exit_status) {
  PETHREAD thread = ps::CurrentThread();
  if (thread->start_routine == nullptr) return STATUS_INVALID_PARAMETER;
  ps::ExitSystemThread(exit_status);
}

// nf-ntddk-psgetcurrentthreadid
HANDLE PsGetCurrentThreadId(VOID) {
  return ps::CurrentThread()->client_id.UniqueThread;
}
// nf-ntddk-psgetthreadid
HANDLE PsGetThreadId(PETHREAD thread) {
  return thread->client_id.UniqueThread;
}
// nf-ntddk-psgetthreadprocessid
HANDLE PsGetThreadProcessId(PETHREAD thread) {
  return thread->client_id.UniqueProcess;
}
PEPROCESS PsGetThreadProcess(PETHREAD thread) {
  return ps::ProcessOf(&thread->tcb);
}
// nf-ntddk-psgetthreadcreatetime
LONGLONG PsGetThreadCreateTime(PETHREAD thread) {
  return thread->create_time;
}
// STATUS_PENDING while it runs. nf-ntddk-psgetthreadexitstatus
NTSTATUS PsGetThreadExitStatus(PETHREAD thread) {
  return thread->exit_status;
}
// nf-ntddk-psgetcurrentthreadteb
PVOID PsGetCurrentThreadTeb(VOID) {
  return ps::CurrentThread()->tcb.teb;
}
// nf-ntifs-psissystemthread
BOOLEAN PsIsSystemThread(PETHREAD thread) {
  return thread->is_system;
}
// nf-ntifs-psisthreadterminating
BOOLEAN PsIsThreadTerminating(PETHREAD thread) {
  return thread->terminating;
}

// A referenced thread. STATUS_INVALID_PARAMETER. nf-ntifs-pslookupthreadbythreadid
NTSTATUS PsLookupThreadByThreadId(HANDLE thread_id, PETHREAD* thread) {
  *thread = nullptr;
  Result<PETHREAD> found = ps::LookupThread(thread_id);
  if (!found.ok()) return STATUS_INVALID_PARAMETER;
  *thread = *found;
  return STATUS_SUCCESS;
}

// STATUS_INVALID_PARAMETER_MIX, STATUS_INVALID_CID.
NTSTATUS ZwOpenThread(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                      PCLIENT_ID client_id) {
  ke::ServiceScope scope(KernelMode);
  *handle = nullptr;
  if (client_id == nullptr || attributes->ObjectName != nullptr) return STATUS_INVALID_PARAMETER_MIX;
  RING3_TRY_ASSIGN(PETHREAD found, ps::LookupThread(client_id->UniqueThread));
  auto thread = ob::Ref<_ETHREAD>::Adopt(found);
  return ob::Return(
      ob::OpenObjectByPointer(found, attributes->Attributes, KernelMode, access, ps::g_thread_type), handle);
}

// ThreadPriority and ThreadBasePriority are set, the affinity is noted. STATUS_INFO_LENGTH_MISMATCH,
// STATUS_INVALID_INFO_CLASS. nf-ntddk-zwsetinformationthread
NTSTATUS ZwSetInformationThread(HANDLE handle, THREADINFOCLASS information_class, PVOID information,
                                ULONG length) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto thread, ob::ReferenceHandleAs<_ETHREAD>(handle, THREAD_SET_INFORMATION,
                                                                ps::g_thread_type, KernelMode));
  switch (information_class) {
    case ThreadPriority:
    case ThreadBasePriority:
      if (length != sizeof(LONG)) return STATUS_INFO_LENGTH_MISMATCH;
      thread->tcb.priority = *static_cast<LONG*>(information);
      return STATUS_SUCCESS;
    case ThreadAffinityMask:
      if (length != sizeof(KAFFINITY)) return STATUS_INFO_LENGTH_MISMATCH;
      thread->tcb.affinity = *static_cast<KAFFINITY*>(information);
      return STATUS_SUCCESS;
    case ThreadPriorityBoost:
    case ThreadIdealProcessor:
      return STATUS_SUCCESS;
    default:
      return STATUS_INVALID_INFO_CLASS;
  }
}

}  // extern "C"

RING3_NT_SERVICE(OpenThread);
RING3_NT_SERVICE(SetInformationThread);
