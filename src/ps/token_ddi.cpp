// SPDX-License-Identifier: MIT
// Tokens of processes and threads.
#include <ddi/ke.h>

#include "ob/service.h"
#include "ps/state.h"
#include "se/token.h"

using namespace ring3;

extern "C" {

// nf-ntifs-psreferenceprimarytoken
PACCESS_TOKEN PsReferencePrimaryToken(PEPROCESS process) {
  ob::Reference(process->token);
  return process->token;
}
// nf-ntifs-psdereferenceprimarytoken
VOID PsDereferencePrimaryToken(PACCESS_TOKEN token) {
  ob::Dereference(token);
}

// Null when the thread does not impersonate. nf-ntifs-psreferenceimpersonationtoken
PACCESS_TOKEN PsReferenceImpersonationToken(PETHREAD thread, PBOOLEAN copy_on_open, PBOOLEAN effective_only,
                                            PSECURITY_IMPERSONATION_LEVEL level) {
  SpinLockGuard guard(ps::g_state.lock);
  if (thread->impersonation_token == nullptr) return nullptr;
  ob::Reference(thread->impersonation_token);
  *copy_on_open = thread->copy_on_open;
  *effective_only = thread->effective_only;
  *level = thread->impersonation_level;
  return thread->impersonation_token;
}
// nf-ntifs-psdereferenceimpersonationtoken
VOID PsDereferenceImpersonationToken(PACCESS_TOKEN token) {
  if (token != nullptr) ob::Dereference(token);
}

// A null token ends the impersonation. nf-ntifs-psimpersonateclient
NTSTATUS PsImpersonateClient(PETHREAD thread, PACCESS_TOKEN token, BOOLEAN copy_on_open,
                             BOOLEAN effective_only, SECURITY_IMPERSONATION_LEVEL level) {
  if (token != nullptr) ob::Reference(token);
  void* old;
  {
    SpinLockGuard guard(ps::g_state.lock);
    old = thread->impersonation_token;
    thread->impersonation_token = token;
    thread->copy_on_open = copy_on_open;
    thread->effective_only = effective_only;
    thread->impersonation_level = level;
  }
  if (old != nullptr) ob::Dereference(old);
  return STATUS_SUCCESS;
}

// nf-ntifs-psreverttoself
VOID PsRevertToSelf(VOID) {
  PsImpersonateClient(ps::CurrentThread(), nullptr, FALSE, FALSE, SecurityAnonymous);
}

// STATUS_ACCESS_DENIED, STATUS_INVALID_HANDLE. nf-ntifs-zwopenprocesstokenex
NTSTATUS ZwOpenProcessTokenEx(HANDLE process_handle, ACCESS_MASK access, ULONG attributes, PHANDLE handle) {
  ke::ServiceScope scope(KernelMode);
  *handle = nullptr;
  RING3_TRY_ASSIGN(auto process, ob::ReferenceHandleAs<_EPROCESS>(process_handle, PROCESS_QUERY_INFORMATION,
                                                                  ps::g_process_type, KernelMode));
  return ob::Return(ob::OpenObjectByPointer(process->token, attributes, KernelMode, access, se::g_token_type),
                    handle);
}
NTSTATUS ZwOpenProcessToken(HANDLE process_handle, ACCESS_MASK access, PHANDLE handle) {
  return ZwOpenProcessTokenEx(process_handle, access, 0, handle);
}

}  // extern "C"

RING3_NT_SERVICE(OpenProcessTokenEx);
RING3_NT_SERVICE(OpenProcessToken);
