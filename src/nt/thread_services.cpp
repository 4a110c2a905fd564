// SPDX-License-Identifier: MIT
#include <ddi/ke_ntifs.h>

#include "nt/capture.h"
#include "nt/information.h"
#include "nt/process_handle.h"
#include "nt/table.h"
#include "nt/user_entry.h"
#include "ps/user_thread.h"

namespace ring3::nt {
namespace {

constexpr ACCESS_MASK kProcessCreateThread = 0x2;
constexpr ACCESS_MASK kThreadTerminate = 0x1;
constexpr ACCESS_MASK kThreadSuspendResume = 0x2;
constexpr ACCESS_MASK kThreadSetContext = 0x10;
constexpr ACCESS_MASK kThreadQueryInformation = 0x40;
constexpr ACCESS_MASK kProcessQueryInformation = 0x400;

template <typename Information>
NTSTATUS Answer(PVOID user, ULONG byte_count, PULONG returned_byte_count, const Information& information) {
  RING3_TRY(WriteOptional(returned_byte_count, ULONG{sizeof(Information)}));
  if (byte_count != sizeof(Information)) return STATUS_INFO_LENGTH_MISMATCH;
  return Write(static_cast<Information*>(user), information);
}

// The creator of a thread gets the access that it asks for.
ACCESS_MASK GrantedAccess(ACCESS_MASK desired) {
  RtlMapGenericMask(&desired, &ob::TypeMapping(ob::g_process_types.thread));
  return desired & ~ULONG{MAXIMUM_ALLOWED};
}

VOID FreeApc(PKAPC apc, PKNORMAL_ROUTINE*, PVOID*, PVOID*, PVOID*) {
  ExFreePoolWithTag(apc, 'cpAU');
}
VOID DropApc(PKAPC apc) {
  ExFreePoolWithTag(apc, 'cpAU');
}

}  // namespace

// Of the caller's own process only: another one may end before its thread has come. STATUS_NOT_SUPPORTED.
NTSTATUS NtCreateThreadEx(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes,
                          HANDLE process_handle, PVOID start_routine, PVOID argument, ULONG create_flags,
                          SIZE_T stack_byte_count, PULONG thread_id) {
  ULONG id = 0;
  const NTSTATUS status =
      Creating(handle, attributes, [&](PHANDLE made, POBJECT_ATTRIBUTES captured) -> NTSTATUS {
        if (thread_id != nullptr) {
          RING3_TRY(mm::ProbeUserRange(thread_id, sizeof(*thread_id), alignof(ULONG), mm::Access::kWrite));
        }
        RING3_TRY_ASSIGN(auto process, ReferenceProcess(process_handle, kProcessCreateThread));
        if (process.get() != ps::CurrentProcess()) return STATUS_NOT_SUPPORTED;
        ps::UserThreadOptions options;
        options.start_routine = reinterpret_cast<ULONG (*)(void*)>(start_routine);
        options.argument = argument;
        options.stack_byte_count = stack_byte_count;
        options.start =
            create_flags & kThreadCreateSuspended ? ps::StartState::kSuspended : ps::StartState::kRunning;
        RING3_TRY_ASSIGN(PETHREAD created, ps::CreateUserThread(process.get(), options));
        auto thread = ob::Ref<_ETHREAD>::Adopt(created);
        id = HandleToULong(thread->client_id.UniqueThread);
        RING3_TRY_ASSIGN(*made,
                         ob::CreateHandle(thread.get(), captured->Attributes, GrantedAccess(desired_access),
                                          ob::OpenReason::kCreateHandle));
        return STATUS_SUCCESS;
      });
  if (!NT_SUCCESS(status)) return status;
  UserEntry entry;
  return WriteOptional(thread_id, id);
}

// Another thread cannot be ended: it would leave the application's own locks held. STATUS_NOT_SUPPORTED.
NTSTATUS NtTerminateThread(HANDLE thread_handle, NTSTATUS exit_status) {
  {
    UserEntry entry;
    RING3_TRY_ASSIGN(auto thread, ReferenceThread(thread_handle, kThreadTerminate));
    if (thread.get() != ps::CurrentThread()) return STATUS_NOT_SUPPORTED;
  }
  ps::ExitUserThread(exit_status);
  return STATUS_SUCCESS;
}

NTSTATUS NtResumeThread(HANDLE thread_handle, PULONG previous_count) {
  UserEntry entry;
  RING3_TRY_ASSIGN(auto thread, ReferenceThread(thread_handle, kThreadSuspendResume));
  return WriteOptional(previous_count, ps::ResumeUserThread(thread.get()));
}

NTSTATUS NtQueryInformationThread(HANDLE thread_handle, ULONG information_class, PVOID information,
                                  ULONG byte_count, PULONG returned_byte_count) {
  UserEntry entry;
  if (information_class != kThreadBasicInformation) return STATUS_INVALID_INFO_CLASS;
  RING3_TRY_ASSIGN(auto thread, ReferenceThread(thread_handle, kThreadQueryInformation));
  ThreadBasicInformation basic = {};
  basic.exit_status = thread->exit_status;
  basic.client_id = thread->client_id;
  basic.affinity = thread->tcb.affinity;
  basic.priority = thread->tcb.priority;
  basic.base_priority = thread->tcb.base_priority;
  return Answer(information, byte_count, returned_byte_count, basic);
}

// A user APC: `routine` runs in the thread, with the three arguments, when it waits alertably.
NTSTATUS NtQueueApcThread(HANDLE thread_handle, PVOID routine, PVOID argument1, PVOID argument2,
                          PVOID argument3) {
  UserEntry entry;
  RING3_TRY_ASSIGN(auto thread, ReferenceThread(thread_handle, kThreadSetContext));
  auto* const apc = static_cast<PKAPC>(ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(KAPC), 'cpAU'));
  if (apc == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  KeInitializeApc(apc, &thread->tcb, OriginalApcEnvironment, FreeApc, DropApc,
                  reinterpret_cast<PKNORMAL_ROUTINE>(routine), UserMode, argument1);
  if (KeInsertQueueApc(apc, argument2, argument3, IO_NO_INCREMENT)) return STATUS_SUCCESS;
  DropApc(apc);
  return STATUS_UNSUCCESSFUL;
}

NTSTATUS NtOpenProcess(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes,
                       PVOID client_id) {
  return Creating(handle, attributes, [&](PHANDLE opened, POBJECT_ATTRIBUTES captured) -> NTSTATUS {
    CLIENT_ID id;
    RING3_TRY(Read(static_cast<const CLIENT_ID*>(client_id), &id));
    RING3_TRY_ASSIGN(PEPROCESS found, ps::LookupProcess(id.UniqueProcess));
    auto process = ob::Ref<_EPROCESS>::Adopt(found);
    RING3_TRY_ASSIGN(*opened, ob::OpenObjectByPointer(process.get(), captured->Attributes, UserMode,
                                                      desired_access, ob::g_process_types.process));
    return STATUS_SUCCESS;
  });
}

NTSTATUS NtQueryInformationProcess(HANDLE process_handle, ULONG information_class, PVOID information,
                                   ULONG byte_count, PULONG returned_byte_count) {
  UserEntry entry;
  if (information_class != kProcessBasicInformation) return STATUS_INVALID_INFO_CLASS;
  RING3_TRY_ASSIGN(auto process, ReferenceProcess(process_handle, kProcessQueryInformation));
  ProcessBasicInformation basic = {};
  basic.exit_status = process->exit_status;
  basic.affinity = process->head.pcb.affinity;
  basic.base_priority = process->head.pcb.base_priority;
  basic.process_id = reinterpret_cast<ULONG_PTR>(process->unique_process_id);
  basic.parent_process_id = reinterpret_cast<ULONG_PTR>(process->parent_process_id);
  return Answer(information, byte_count, returned_byte_count, basic);
}

}  // namespace ring3::nt
