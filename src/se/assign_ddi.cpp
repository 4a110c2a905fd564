// SPDX-License-Identifier: MIT
// Security descriptors of objects: SeAssignSecurity, SeQuerySecurityDescriptorInfo,
// SeSetSecurityDescriptorInfo.
#include <ddi/ex_pool.h>
#include <ntstatus.h>

#include <vector>

#include "se/descriptor.h"
#include "se/token.h"

using namespace ring3;

namespace {

// A copy of `acl` with generic rights mapped.
std::vector<char> MappedCopy(PACL acl, const GENERIC_MAPPING* mapping) {
  if (acl == nullptr) return {};
  auto* bytes = reinterpret_cast<char*>(acl);
  std::vector<char> copy(bytes, bytes + acl->AclSize);
  auto* mapped = reinterpret_cast<PACL>(copy.data());
  for (USHORT i = 0; i < mapped->AceCount; ++i) {
    void* at;
    if (!NT_SUCCESS(RtlGetAce(mapped, i, &at))) break;
    auto* ace = static_cast<ACCESS_ALLOWED_ACE*>(at);
    if (ace->Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE ||
        (ace->Header.AceFlags & INHERIT_ONLY_ACE) != 0) {
      continue;
    }
    RtlMapGenericMask(&ace->Mask, mapping);
  }
  return copy;
}

}  // namespace

extern "C" {

// The explicit descriptor with the subject's user as owner where it names none; without one, the parent's.
// Generic rights are mapped. Freed with SeDeassignSecurity. STATUS_INSUFFICIENT_RESOURCES,
// STATUS_INVALID_SECURITY_DESCR. Entries are not inherited one by one: a parent's list is taken whole.
// nf-wdm-seassignsecurity
NTSTATUS SeAssignSecurity(PSECURITY_DESCRIPTOR parent, PSECURITY_DESCRIPTOR explicit_descriptor,
                          PSECURITY_DESCRIPTOR* result, BOOLEAN, PSECURITY_SUBJECT_CONTEXT subject,
                          PGENERIC_MAPPING mapping, INT) {
  *result = nullptr;
  for (PSECURITY_DESCRIPTOR given : {parent, explicit_descriptor}) {
    if (given != nullptr && !RtlValidSecurityDescriptor(given)) return STATUS_INVALID_SECURITY_DESCR;
  }
  se::Parts parts;
  if (explicit_descriptor != nullptr) {
    parts = se::PartsOf(explicit_descriptor);
  } else if (parent != nullptr) {
    parts = se::PartsOf(parent);
    parts.owner = parts.group = nullptr;
  }
  const auto* token = static_cast<const se::Token*>(SeQuerySubjectContextToken(subject));
  if (parts.owner == nullptr && token != nullptr) parts.owner = token->user.get();
  std::vector<char> dacl = MappedCopy(parts.dacl, mapping), sacl = MappedCopy(parts.sacl, mapping);
  if (parts.dacl != nullptr) parts.dacl = reinterpret_cast<PACL>(dacl.data());
  if (parts.sacl != nullptr) parts.sacl = reinterpret_cast<PACL>(sacl.data());
  RING3_TRY_ASSIGN(*result, se::AllocateSelfRelative(parts));
  return STATUS_SUCCESS;
}

// nf-wdm-seassignsecurityex
NTSTATUS SeAssignSecurityEx(PSECURITY_DESCRIPTOR parent, PSECURITY_DESCRIPTOR explicit_descriptor,
                            PSECURITY_DESCRIPTOR* result, const void*, BOOLEAN is_directory, ULONG,
                            PSECURITY_SUBJECT_CONTEXT subject, PGENERIC_MAPPING mapping, INT pool_type) {
  return SeAssignSecurity(parent, explicit_descriptor, result, is_directory, subject, mapping, pool_type);
}

// nf-wdm-sedeassignsecurity
NTSTATUS SeDeassignSecurity(PSECURITY_DESCRIPTOR* descriptor) {
  if (*descriptor != nullptr) ExFreePool(*descriptor);
  *descriptor = nullptr;
  return STATUS_SUCCESS;
}

// The parts asked for, self-relative. STATUS_BUFFER_TOO_SMALL with the bytes needed.
// nf-ntifs-sequerysecuritydescriptorinfo
NTSTATUS SeQuerySecurityDescriptorInfo(PSECURITY_INFORMATION wanted, PSECURITY_DESCRIPTOR buffer,
                                       PULONG length, PSECURITY_DESCRIPTOR* object_descriptor) {
  se::Parts parts;
  if (*object_descriptor != nullptr) parts = se::PartsOf(*object_descriptor);
  if ((*wanted & OWNER_SECURITY_INFORMATION) == 0) parts.owner = nullptr;
  if ((*wanted & GROUP_SECURITY_INFORMATION) == 0) parts.group = nullptr;
  if ((*wanted & DACL_SECURITY_INFORMATION) == 0) {
    parts.dacl = nullptr;
    parts.control &= ~(SE_DACL_PRESENT | SE_DACL_DEFAULTED | SE_DACL_PROTECTED);
  }
  if ((*wanted & (SACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION)) == 0) {
    parts.sacl = nullptr;
    parts.control &= ~(SE_SACL_PRESENT | SE_SACL_DEFAULTED | SE_SACL_PROTECTED);
  }
  ULONG needed = se::SelfRelativeSize(parts);
  bool fits = buffer != nullptr && *length >= needed;
  *length = needed;
  if (!fits) return STATUS_BUFFER_TOO_SMALL;
  se::WriteSelfRelative(parts, buffer);
  return STATUS_SUCCESS;
}

// A new descriptor in *descriptor with the parts of `modification`; the old one stays the caller's.
// nf-ntifs-sesetsecuritydescriptorinfo
NTSTATUS SeSetSecurityDescriptorInfo(PVOID, PSECURITY_INFORMATION changed, PSECURITY_DESCRIPTOR modification,
                                     PSECURITY_DESCRIPTOR* descriptor, INT, PGENERIC_MAPPING mapping) {
  if (!RtlValidSecurityDescriptor(modification)) return STATUS_INVALID_SECURITY_DESCR;
  se::Parts parts, change = se::PartsOf(modification);
  if (*descriptor != nullptr) parts = se::PartsOf(*descriptor);
  if ((*changed & OWNER_SECURITY_INFORMATION) != 0) {
    if (change.owner == nullptr) return STATUS_INVALID_OWNER;
    parts.owner = change.owner;
  }
  if ((*changed & GROUP_SECURITY_INFORMATION) != 0) parts.group = change.group;
  constexpr USHORT kDacl = SE_DACL_PRESENT | SE_DACL_DEFAULTED | SE_DACL_PROTECTED;
  constexpr USHORT kSacl = SE_SACL_PRESENT | SE_SACL_DEFAULTED | SE_SACL_PROTECTED;
  if ((*changed & DACL_SECURITY_INFORMATION) != 0) {
    parts.dacl = change.dacl;
    parts.control = static_cast<USHORT>((parts.control & ~kDacl) | (change.control & kDacl));
  }
  if ((*changed & SACL_SECURITY_INFORMATION) != 0) {
    parts.sacl = change.sacl;
    parts.control = static_cast<USHORT>((parts.control & ~kSacl) | (change.control & kSacl));
  }
  std::vector<char> dacl = MappedCopy(parts.dacl, mapping);
  if (parts.dacl != nullptr) parts.dacl = reinterpret_cast<PACL>(dacl.data());
  RING3_TRY_ASSIGN(*descriptor, se::AllocateSelfRelative(parts));
  return STATUS_SUCCESS;
}

}  // extern "C"
