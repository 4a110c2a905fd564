// SPDX-License-Identifier: MIT
// Subjects and access checks: SeCaptureSubjectContext, SeAccessCheck, privileges.
#include <ddi/ex_pool.h>
#include <ddi/ke.h>
#include <ntstatus.h>

#include <cstdlib>

#include "se/access_check.h"

using namespace ring3;

namespace {

const se::Token* EffectiveToken(const SECURITY_SUBJECT_CONTEXT* subject) {
  void* token = SeQuerySubjectContextToken(const_cast<SECURITY_SUBJECT_CONTEXT*>(subject));
  return static_cast<const se::Token*>(token);
}

}  // namespace

extern "C" {

// The tokens of a thread (null: none) and its process. nf-ntifs-secapturesubjectcontextex
VOID SeCaptureSubjectContextEx(PETHREAD thread, PEPROCESS process, PSECURITY_SUBJECT_CONTEXT subject) {
  *subject = {};
  const se::TokenSource* source = se::CurrentTokenSource();
  if (source == nullptr) return;
  if (thread != nullptr) {
    se::Impersonation impersonation = source->impersonation(thread);
    subject->ClientToken = impersonation.token;
    subject->ImpersonationLevel = impersonation.level;
  }
  subject->PrimaryToken = source->primary(process);
  subject->ProcessAuditId = process;
}

// The calling thread's, until SeReleaseSubjectContext. PASSIVE_LEVEL. nf-wdm-secapturesubjectcontext
VOID SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT subject) {
  *subject = {};
  const se::TokenSource* source = se::CurrentTokenSource();
  if (source == nullptr) return;
  SeCaptureSubjectContextEx(source->current_thread(), source->current_process(), subject);
}

// Tokens never change here: locking has nothing to do. nf-wdm-selocksubjectcontext
VOID SeLockSubjectContext(PSECURITY_SUBJECT_CONTEXT) {}
VOID SeUnlockSubjectContext(PSECURITY_SUBJECT_CONTEXT) {}

// nf-wdm-sereleasesubjectcontext
VOID SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT subject) {
  if (subject->ClientToken != nullptr) ob::Dereference(subject->ClientToken);
  if (subject->PrimaryToken != nullptr) ob::Dereference(subject->PrimaryToken);
  *subject = {};
}

// TRUE and the granted rights, or FALSE and why: STATUS_ACCESS_DENIED, STATUS_PRIVILEGE_NOT_HELD, and
// STATUS_BAD_IMPERSONATION_LEVEL for a client token below SecurityImpersonation. KernelMode always passes.
// PASSIVE_LEVEL. nf-wdm-seaccesscheck
BOOLEAN SeAccessCheck(PSECURITY_DESCRIPTOR descriptor, PSECURITY_SUBJECT_CONTEXT subject, BOOLEAN,
                      ACCESS_MASK desired, ACCESS_MASK granted_before, PPRIVILEGE_SET* privileges,
                      PGENERIC_MAPPING mapping, KPROCESSOR_MODE mode, PACCESS_MASK granted,
                      PNTSTATUS status) {
  if (privileges != nullptr) *privileges = nullptr;
  *granted = 0;
  RtlMapGenericMask(&desired, mapping);
  if (mode == KernelMode) {
    if ((desired & MAXIMUM_ALLOWED) != 0) {
      desired = (desired & ~static_cast<ACCESS_MASK>(MAXIMUM_ALLOWED)) | mapping->GenericAll;
    }
    *granted = desired | granted_before;
    *status = STATUS_SUCCESS;
    return TRUE;
  }
  if (descriptor == nullptr) {
    *status = STATUS_ACCESS_DENIED;
    return FALSE;
  }
  if (subject->ClientToken != nullptr && subject->ImpersonationLevel < SecurityImpersonation) {
    *status = STATUS_BAD_IMPERSONATION_LEVEL;
    return FALSE;
  }
  if (desired == 0) {
    *granted = granted_before;
    *status = granted_before == 0 ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
    return granted_before != 0;
  }
  const se::Token* token = EffectiveToken(subject);
  Result<ACCESS_MASK> checked =
      token == nullptr ? Result<ACCESS_MASK>(STATUS_ACCESS_DENIED)
                       : se::CheckAccess(*token, se::PartsOf(descriptor), desired, granted_before, *mapping);
  *status = checked.ok() ? STATUS_SUCCESS : checked.status();
  if (checked.ok()) *granted = *checked;
  return checked.ok();
}

// TRUE when the subject holds all privileges (any, without PRIVILEGE_SET_ALL_NECESSARY); those found are
// marked. nf-ntifs-seprivilegecheck
BOOLEAN SePrivilegeCheck(PPRIVILEGE_SET required, PSECURITY_SUBJECT_CONTEXT subject, KPROCESSOR_MODE mode) {
  if (mode == KernelMode) return TRUE;
  const se::Token* token = EffectiveToken(subject);
  if (token == nullptr) return FALSE;
  ULONG held = 0;
  for (ULONG i = 0; i < required->PrivilegeCount; ++i) {
    LUID_AND_ATTRIBUTES& privilege = required->Privilege[i];
    if (privilege.Luid.HighPart != 0 || !token->HasPrivilege(privilege.Luid.LowPart)) continue;
    privilege.Attributes |= static_cast<ULONG>(SE_PRIVILEGE_USED_FOR_ACCESS);
    ++held;
  }
  return (required->Control & PRIVILEGE_SET_ALL_NECESSARY) != 0 ? held == required->PrivilegeCount
                                                                : held != 0;
}

// Of the calling thread. nf-ntddk-sesingleprivilegecheck
BOOLEAN SeSinglePrivilegeCheck(LUID privilege, KPROCESSOR_MODE mode) {
  PRIVILEGE_SET set = {1, PRIVILEGE_SET_ALL_NECESSARY, {{privilege, 0}}};
  SECURITY_SUBJECT_CONTEXT subject;
  SeCaptureSubjectContext(&subject);
  BOOLEAN held = SePrivilegeCheck(&set, &subject, mode);
  SeReleaseSubjectContext(&subject);
  return held;
}

// What SeAccessCheck returned in `privileges`; it never allocates one here, so null is the usual argument.
// nf-ntifs-sefreeprivileges
VOID SeFreePrivileges(PPRIVILEGE_SET privileges) {
  if (privileges != nullptr) ExFreePool(privileges);
}

// Adds to the state's privilege set, which has room for INITIAL_PRIVILEGE_COUNT. A larger one has no
// documented place in ACCESS_STATE: STATUS_INSUFFICIENT_RESOURCES. nf-ntifs-seappendprivileges
NTSTATUS SeAppendPrivileges(PACCESS_STATE state, PPRIVILEGE_SET privileges) {
  INITIAL_PRIVILEGE_SET& set = state->Privileges.InitialPrivilegeSet;
  if (privileges->PrivilegeCount > INITIAL_PRIVILEGE_COUNT - set.PrivilegeCount)
    return STATUS_INSUFFICIENT_RESOURCES;
  for (ULONG i = 0; i < privileges->PrivilegeCount; ++i) {
    set.Privilege[set.PrivilegeCount + i] = privileges->Privilege[i];
  }
  set.PrivilegeCount += privileges->PrivilegeCount;
  return STATUS_SUCCESS;
}

// nf-ntifs-sesetaccessstategenericmapping
VOID SeSetAccessStateGenericMapping(PACCESS_STATE state, PGENERIC_MAPPING mapping) {
  RtlMapGenericMask(&state->RemainingDesiredAccess, mapping);
  RtlMapGenericMask(&state->OriginalDesiredAccess, mapping);
}

}  // extern "C"
