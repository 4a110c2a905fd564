// SPDX-License-Identifier: MIT
#include "se/access_check.h"

#include <ntstatus.h>

namespace ring3::se {
namespace {

ULONG LabelOf(const Parts& parts, ACCESS_MASK* policy) {
  *policy = SYSTEM_MANDATORY_LABEL_NO_WRITE_UP;
  for (USHORT i = 0; parts.sacl != nullptr && i < parts.sacl->AceCount; ++i) {
    void* at;
    if (!NT_SUCCESS(RtlGetAce(parts.sacl, i, &at))) break;
    auto* ace = static_cast<SYSTEM_MANDATORY_LABEL_ACE*>(at);
    if (ace->Header.AceType != SYSTEM_MANDATORY_LABEL_ACE_TYPE) continue;
    *policy = ace->Mask;
    return *RtlSubAuthoritySid(&ace->SidStart, 0);
  }
  return SECURITY_MANDATORY_MEDIUM_RID;
}

// Rights that the object's integrity label keeps from a less trusted subject.
ACCESS_MASK KeptByLabel(const Token& token, const Parts& parts, const GENERIC_MAPPING& mapping) {
  ACCESS_MASK policy;
  if (token.integrity_rid >= LabelOf(parts, &policy)) return 0;
  ACCESS_MASK common = mapping.GenericRead & mapping.GenericWrite;
  ACCESS_MASK kept = 0;
  if ((policy & SYSTEM_MANDATORY_LABEL_NO_WRITE_UP) != 0) kept |= mapping.GenericWrite & ~common;
  if ((policy & SYSTEM_MANDATORY_LABEL_NO_READ_UP) != 0) kept |= mapping.GenericRead & ~common;
  if ((policy & SYSTEM_MANDATORY_LABEL_NO_EXECUTE_UP) != 0) kept |= mapping.GenericExecute & ~common;
  return kept;
}

}  // namespace

Result<ACCESS_MASK> CheckAccess(const Token& token, const Parts& parts, ACCESS_MASK desired,
                                ACCESS_MASK granted_before, const GENERIC_MAPPING& mapping) {
  ACCESS_MASK granted = granted_before;
  const bool maximum = (desired & MAXIMUM_ALLOWED) != 0;
  ACCESS_MASK wanted = desired & ~static_cast<ACCESS_MASK>(MAXIMUM_ALLOWED);
  wanted &= ~granted_before;

  if ((wanted & ACCESS_SYSTEM_SECURITY) != 0) {
    if (!token.HasPrivilege(SE_SECURITY_PRIVILEGE)) return STATUS_PRIVILEGE_NOT_HELD;
    granted |= ACCESS_SYSTEM_SECURITY;
    wanted &= ~static_cast<ACCESS_MASK>(ACCESS_SYSTEM_SECURITY);
  }
  if ((wanted & WRITE_OWNER) != 0 && token.HasPrivilege(SE_TAKE_OWNERSHIP_PRIVILEGE)) {
    granted |= WRITE_OWNER;
    wanted &= ~static_cast<ACCESS_MASK>(WRITE_OWNER);
  }
  if ((parts.control & SE_DACL_PRESENT) == 0 || parts.dacl == nullptr) {
    return granted | wanted | (maximum ? mapping.GenericAll : 0);
  }

  ACCESS_MASK allowed = 0, denied = KeptByLabel(token, parts, mapping);
  if (parts.owner != nullptr && token.Has(Sid::Copy(parts.owner), Token::For::kAllow)) {
    allowed |= READ_CONTROL | WRITE_DAC;
  }
  for (USHORT i = 0; i < parts.dacl->AceCount; ++i) {
    void* at;
    if (!NT_SUCCESS(RtlGetAce(parts.dacl, i, &at))) break;
    auto* ace = static_cast<ACCESS_ALLOWED_ACE*>(at);
    if ((ace->Header.AceFlags & INHERIT_ONLY_ACE) != 0) continue;
    ACCESS_MASK mask = ace->Mask;
    RtlMapGenericMask(&mask, &mapping);
    if (ace->Header.AceType == ACCESS_ALLOWED_ACE_TYPE) {
      if (token.Has(Sid::Copy(&ace->SidStart), Token::For::kAllow)) allowed |= mask & ~denied;
    } else if (ace->Header.AceType == ACCESS_DENIED_ACE_TYPE) {
      if (token.Has(Sid::Copy(&ace->SidStart), Token::For::kDeny)) denied |= mask & ~allowed;
    }
  }
  allowed &= ~KeptByLabel(token, parts, mapping);
  if ((wanted & ~allowed) != 0) return STATUS_ACCESS_DENIED;
  granted |= wanted;
  if (maximum) {
    granted |= allowed;
    if (granted == 0) return STATUS_ACCESS_DENIED;
  }
  return granted;
}

}  // namespace ring3::se
