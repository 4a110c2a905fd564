// SPDX-License-Identifier: MIT
// Processes: identities, lookup, ZwOpenProcess, ZwQueryInformationProcess, quotas.
#include <ddi/ex.h>
#include <ddi/ke.h>

#include <cstring>

#include "ob/service.h"
#include "os/clock.h"
#include "ps/state.h"

using namespace ring3;

extern "C" {

NTKERNELAPI PEPROCESS PsInitialSystemProcess = nullptr;
NTKERNELAPI POBJECT_TYPE* PsProcessType = &ps::g_process_type;
NTKERNELAPI POBJECT_TYPE* PsThreadType = &ps::g_thread_type;

// The process that the thread runs in now: the one it is attached to. Any IRQL <= DISPATCH_LEVEL.
// nf-ntddk-iogetcurrentprocess
PEPROCESS IoGetCurrentProcess(VOID) {
  return ps::CurrentProcess();
}

// Of the process that created the thread, whatever it is attached to. nf-ntddk-psgetcurrentprocessid
HANDLE PsGetCurrentProcessId(VOID) {
  return ps::CurrentThread()->client_id.UniqueProcess;
}

// nf-ntddk-psgetprocessid
HANDLE PsGetProcessId(PEPROCESS process) {
  return process->unique_process_id;
}

// 100 ns units since 1601. nf-ntddk-psgetprocesscreatetimequadpart
LONGLONG PsGetProcessCreateTimeQuadPart(PEPROCESS process) {
  return process->create_time;
}

// STATUS_PENDING while it runs. nf-ntddk-psgetprocessexitstatus
NTSTATUS PsGetProcessExitStatus(PEPROCESS process) {
  return process->exit_status;
}

// Of the current process; zero while it runs. nf-ntifs-psgetprocessexittime
LARGE_INTEGER PsGetProcessExitTime(VOID) {
  LARGE_INTEGER time;
  time.QuadPart = ps::CurrentProcess()->exit_time;
  return time;
}

// Unique among all processes of this boot. nf-ntddk-psgetprocessstartkey
ULONGLONG PsGetProcessStartKey(PEPROCESS process) {
  return reinterpret_cast<ULONG_PTR>(process->unique_process_id) | ULONGLONG{1} << 48;
}

// A referenced process. STATUS_INVALID_PARAMETER. IRQL <= APC_LEVEL. nf-ntifs-pslookupprocessbyprocessid
NTSTATUS PsLookupProcessByProcessId(HANDLE process_id, PEPROCESS* process) {
  *process = nullptr;
  Result<PEPROCESS> found = ps::LookupProcess(process_id);
  if (!found.ok()) return STATUS_INVALID_PARAMETER;
  *process = *found;
  return STATUS_SUCCESS;
}

BOOLEAN PsIsSystemProcess(PEPROCESS process) {
  return process->is_system;
}
HANDLE PsGetProcessInheritedFromUniqueProcessId(PEPROCESS process) {
  return process->parent_process_id;
}
PCHAR PsGetProcessImageFileName(PEPROCESS process) {
  return process->head.pcb.image_file_name;
}
// The full name, in pool that the caller frees: the structure, and the text behind it.
// STATUS_INSUFFICIENT_RESOURCES. IRQL <= APC_LEVEL. nf-ntifs-selocateprocessimagename
NTSTATUS SeLocateProcessImageName(PEPROCESS process, PUNICODE_STRING* image_name) {
  const UNICODE_STRING name = ob::ToUnicodeString(*process->image_path);
  const size_t byte_count = sizeof(UNICODE_STRING) + name.Length + sizeof(WCHAR);
  auto* const out = static_cast<UNICODE_STRING*>(ExAllocatePool2(POOL_FLAG_NON_PAGED, byte_count, 'nPeS'));
  *image_name = out;
  if (out == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  auto* const text = reinterpret_cast<PWCH>(out + 1);
  std::memcpy(text, name.Buffer, name.Length);
  *out = {name.Length, static_cast<USHORT>(name.Length + sizeof(WCHAR)), text};
  return STATUS_SUCCESS;
}
ULONG PsGetCurrentProcessSessionId(VOID) {
  return ps::CurrentProcess()->session_id;
}
ULONG PsGetProcessSessionId(PEPROCESS process) {
  return process->session_id;
}
PVOID PsGetProcessWow64Process(PEPROCESS) {
  return nullptr;
}
PVOID PsGetProcessPeb(PEPROCESS) {
  return nullptr;
}
BOOLEAN PsIsProcessBeingDebugged(PEPROCESS) {
  return FALSE;
}

// Windows 10.0, build 22621, free build: FALSE. nf-wdm-psgetversion
BOOLEAN PsGetVersion(PULONG major, PULONG minor, PULONG build, PUNICODE_STRING csd_version) {
  if (major != nullptr) *major = 10;
  if (minor != nullptr) *minor = 0;
  if (build != nullptr) *build = 22621;
  if (csd_version != nullptr) csd_version->Length = 0;
  return FALSE;
}

// Processor time of the Linux process, in nanoseconds taken for cycles. nf-wdm-psquerytotalcycletimeprocess
ULONG64 PsQueryTotalCycleTimeProcess(PEPROCESS, PULONG64 time_stamp) {
  *time_stamp = static_cast<ULONG64>(os::MonotonicNs());
  return static_cast<ULONG64>(os::ProcessCpuTime100ns()) * 100;
}

// Quotas are counted and have no limit. nf-ntifs-pschargepoolquota
VOID PsChargePoolQuota(PEPROCESS process, INT pool_type, ULONG_PTR amount) {
  process->quota_usage[pool_type & 1].fetch_add(static_cast<int64_t>(amount), std::memory_order_relaxed);
}
NTSTATUS PsChargeProcessPoolQuota(PEPROCESS process, INT pool_type, ULONG_PTR amount) {
  PsChargePoolQuota(process, pool_type, amount);
  return STATUS_SUCCESS;
}
// nf-ntifs-psreturnpoolquota
VOID PsReturnPoolQuota(PEPROCESS process, INT pool_type, ULONG_PTR amount) {
  process->quota_usage[pool_type & 1].fetch_sub(static_cast<int64_t>(amount), std::memory_order_relaxed);
}

// By process id, or by thread id. STATUS_INVALID_PARAMETER_MIX (name and id, or neither), STATUS_INVALID_CID,
// STATUS_ACCESS_DENIED. nf-ntddk-zwopenprocess
NTSTATUS ZwOpenProcess(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                       PCLIENT_ID client_id) {
  ke::ServiceScope scope(KernelMode);
  *handle = nullptr;
  if (client_id == nullptr || attributes->ObjectName != nullptr) return STATUS_INVALID_PARAMETER_MIX;
  ob::Ref<_EPROCESS> process;
  if (client_id->UniqueThread != nullptr) {
    RING3_TRY_ASSIGN(PETHREAD found, ps::LookupThread(client_id->UniqueThread));
    auto thread = ob::Ref<_ETHREAD>::Adopt(found);
    if (client_id->UniqueProcess != nullptr && client_id->UniqueProcess != found->client_id.UniqueProcess) {
      return STATUS_INVALID_CID;
    }
    process = ob::Ref<_EPROCESS>::Take(ps::ProcessOf(&found->tcb));
  } else {
    RING3_TRY_ASSIGN(PEPROCESS found, ps::LookupProcess(client_id->UniqueProcess));
    process = ob::Ref<_EPROCESS>::Adopt(found);
  }
  return ob::Return(
      ob::OpenObjectByPointer(process.get(), attributes->Attributes, KernelMode, access, ps::g_process_type),
      handle);
}

// Ends a process whose threads are not in the executive. STATUS_PROCESS_IS_TERMINATING.
// nf-ntddk-zwterminateprocess
NTSTATUS ZwTerminateProcess(HANDLE handle, NTSTATUS exit_status) {
  ke::ServiceScope scope(KernelMode);
  if (handle == nullptr) handle = ZwCurrentProcess();
  RING3_TRY_ASSIGN(auto process, ob::ReferenceHandleAs<_EPROCESS>(handle, PROCESS_TERMINATE,
                                                                  ps::g_process_type, KernelMode));
  if (process->is_system) return STATUS_ACCESS_DENIED;
  if (process->exiting) return STATUS_PROCESS_IS_TERMINATING;
  // The caller's own process cannot go from under it: the executive's owner ends it.
  if (process.get() == ps::ProcessOf(ke::CurrentThread())) return STATUS_NOT_SUPPORTED;
  ps::ExitProcess(process.get(), exit_status);
  return STATUS_SUCCESS;
}

// ProcessBasicInformation, ProcessHandleCount, ProcessSessionInformation, ProcessWow64Information,
// ProcessTimes (times of start and end), ProcessImageFileName. STATUS_INFO_LENGTH_MISMATCH,
// STATUS_INVALID_INFO_CLASS.
NTSTATUS ZwQueryInformationProcess(HANDLE handle, PROCESSINFOCLASS information_class, PVOID information,
                                   ULONG length, PULONG return_length) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto process, ob::ReferenceHandleAs<_EPROCESS>(handle, PROCESS_QUERY_LIMITED_INFORMATION,
                                                                  ps::g_process_type, KernelMode));
  auto fixed = [&](const auto& value) -> NTSTATUS {
    if (return_length != nullptr) *return_length = sizeof(value);
    if (length != sizeof(value)) return STATUS_INFO_LENGTH_MISMATCH;
    std::memcpy(information, &value, sizeof(value));
    return STATUS_SUCCESS;
  };
  switch (information_class) {
    case ProcessBasicInformation: {
      PROCESS_BASIC_INFORMATION basic = {};
      basic.ExitStatus = process->exit_status;
      basic.AffinityMask = process->head.pcb.affinity;
      basic.BasePriority = process->head.pcb.base_priority;
      basic.UniqueProcessId = reinterpret_cast<ULONG_PTR>(process->unique_process_id);
      basic.InheritedFromUniqueProcessId = reinterpret_cast<ULONG_PTR>(process->parent_process_id);
      return fixed(basic);
    }
    case ProcessTimes: {
      struct {
        LONGLONG create, exit, kernel, user;
      } times{process->create_time, process->exit_time, 0, os::ProcessCpuTime100ns()};
      return fixed(times);
    }
    case ProcessHandleCount:
      return fixed(ULONG{process->head.handles->count()});
    case ProcessSessionInformation:
      return fixed(process->session_id);
    case ProcessWow64Information:
    case ProcessDebugPort:
      return fixed(ULONG_PTR{0});
    case ProcessBreakOnTermination:
      return fixed(ULONG{process->is_system ? 1u : 0u});
    case ProcessImageFileName: {
      UNICODE_STRING name = ob::ToUnicodeString(*process->image_path);
      ULONG needed = sizeof(UNICODE_STRING) + name.Length + static_cast<ULONG>(sizeof(WCHAR));
      if (return_length != nullptr) *return_length = needed;
      if (length < needed) return STATUS_INFO_LENGTH_MISMATCH;
      auto* out = static_cast<UNICODE_STRING*>(information);
      std::memset(out, 0, needed);
      std::memcpy(out + 1, name.Buffer, name.Length);
      *out = {name.Length, static_cast<USHORT>(name.Length + sizeof(WCHAR)), reinterpret_cast<PWCH>(out + 1)};
      return STATUS_SUCCESS;
    }
    default:
      return STATUS_INVALID_INFO_CLASS;
  }
}

}  // extern "C"

RING3_NT_SERVICE(OpenProcess);
RING3_NT_SERVICE(TerminateProcess);
RING3_NT_SERVICE(QueryInformationProcess);
