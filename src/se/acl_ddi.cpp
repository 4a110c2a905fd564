// SPDX-License-Identifier: MIT
// Access control lists.
#include <ddi/se_ntifs.h>
#include <ntstatus.h>

#include <cstdint>
#include <cstring>

namespace {

char* Bytes(PACL acl) {
  return reinterpret_cast<char*>(acl);
}
ACE_HEADER* FirstAce(PACL acl) {
  return reinterpret_cast<ACE_HEADER*>(acl + 1);
}
ACE_HEADER* Next(ACE_HEADER* ace) {
  return reinterpret_cast<ACE_HEADER*>(reinterpret_cast<char*>(ace) + ace->AceSize);
}

// Where the entry number `index` is or the first free byte; null when the entries run over the end.
ACE_HEADER* Find(PACL acl, ULONG index) {
  ACE_HEADER* ace = FirstAce(acl);
  char* end = Bytes(acl) + acl->AclSize;
  for (ULONG i = 0; i < index && i < acl->AceCount; ++i) {
    if (reinterpret_cast<char*>(ace) + sizeof(ACE_HEADER) > end || ace->AceSize < sizeof(ACE_HEADER))
      return nullptr;
    ace = Next(ace);
  }
  return reinterpret_cast<char*>(ace) <= end ? ace : nullptr;
}

NTSTATUS AddKnown(PACL acl, ULONG revision, UCHAR type, ULONG flags, ACCESS_MASK mask, PSID sid) {
  if (!RtlValidAcl(acl)) return STATUS_INVALID_ACL;
  if (!RtlValidSid(sid)) return STATUS_INVALID_SID;
  if (revision > MAX_ACL_REVISION || acl->AclRevision > MAX_ACL_REVISION) return STATUS_REVISION_MISMATCH;
  if ((flags & ~uint32_t{VALID_INHERIT_FLAGS}) != 0) return STATUS_INVALID_PARAMETER;
  ACE_HEADER* end = Find(acl, acl->AceCount);
  ULONG size = 8 + RtlLengthSid(sid);
  if (reinterpret_cast<char*>(end) + size > Bytes(acl) + acl->AclSize) return STATUS_ALLOTTED_SPACE_EXCEEDED;
  auto* ace = reinterpret_cast<ACCESS_ALLOWED_ACE*>(end);
  ace->Header = {type, static_cast<UCHAR>(flags), static_cast<USHORT>(size)};
  ace->Mask = mask;
  std::memcpy(&ace->SidStart, sid, RtlLengthSid(sid));
  ++acl->AceCount;
  if (revision > acl->AclRevision) acl->AclRevision = static_cast<UCHAR>(revision);
  return STATUS_SUCCESS;
}

}  // namespace

extern "C" {

// STATUS_BUFFER_TOO_SMALL (no room for the header), STATUS_INVALID_PARAMETER (revision, more than 64 KiB).
// nf-ntifs-rtlcreateacl
NTSTATUS RtlCreateAcl(PACL acl, ULONG length, ULONG revision) {
  if (length < sizeof(ACL)) return STATUS_BUFFER_TOO_SMALL;
  if (revision < MIN_ACL_REVISION || revision > MAX_ACL_REVISION || length > MAXUSHORT) {
    return STATUS_INVALID_PARAMETER;
  }
  *acl = {static_cast<UCHAR>(revision), 0, static_cast<USHORT>(length & ~3u), 0, 0};
  return STATUS_SUCCESS;
}

// Every entry lies within the list, and the SIDs of the kinds known here are whole.
BOOLEAN RtlValidAcl(PACL acl) {
  if (acl == nullptr || acl->AclRevision < MIN_ACL_REVISION || acl->AclRevision > MAX_ACL_REVISION ||
      acl->AclSize < sizeof(ACL)) {
    return FALSE;
  }
  ACE_HEADER* ace = FirstAce(acl);
  char* end = Bytes(acl) + acl->AclSize;
  for (USHORT i = 0; i < acl->AceCount; ++i, ace = Next(ace)) {
    auto* at = reinterpret_cast<char*>(ace);
    if (at + sizeof(ACE_HEADER) > end || ace->AceSize < sizeof(ACE_HEADER) || at + ace->AceSize > end)
      return FALSE;
    if (ace->AceType <= SYSTEM_ALARM_ACE_TYPE || ace->AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE) {
      auto* known = reinterpret_cast<ACCESS_ALLOWED_ACE*>(ace);
      if (ace->AceSize < 16 || !RtlValidSid(&known->SidStart) ||
          ace->AceSize < 8 + RtlLengthSid(&known->SidStart)) {
        return FALSE;
      }
    }
  }
  return TRUE;
}

// `index` MAXULONG: at the end. STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_PARAMETER. nf-ntifs-rtladdace
NTSTATUS RtlAddAce(PACL acl, ULONG revision, ULONG index, PVOID list, ULONG list_length) {
  if (!RtlValidAcl(acl)) return STATUS_INVALID_PARAMETER;
  USHORT count = 0;
  auto* at = static_cast<char*>(list);
  for (char* end = at + list_length; at < end; ++count) {
    auto* ace = reinterpret_cast<ACE_HEADER*>(at);
    if (at + sizeof(ACE_HEADER) > end || ace->AceSize < sizeof(ACE_HEADER) || at + ace->AceSize > end) {
      return STATUS_INVALID_PARAMETER;
    }
    at += ace->AceSize;
  }
  auto* end = reinterpret_cast<char*>(Find(acl, acl->AceCount));
  if (end + list_length > Bytes(acl) + acl->AclSize) return STATUS_BUFFER_TOO_SMALL;
  auto* place = reinterpret_cast<char*>(Find(acl, index));
  std::memmove(place + list_length, place, static_cast<size_t>(end - place));
  std::memcpy(place, list, list_length);
  acl->AceCount = static_cast<USHORT>(acl->AceCount + count);
  if (revision > acl->AclRevision && revision <= MAX_ACL_REVISION)
    acl->AclRevision = static_cast<UCHAR>(revision);
  return STATUS_SUCCESS;
}

// STATUS_INVALID_PARAMETER. nf-ntifs-rtldeleteace
NTSTATUS RtlDeleteAce(PACL acl, ULONG index) {
  if (!RtlValidAcl(acl) || index >= acl->AceCount) return STATUS_INVALID_PARAMETER;
  auto* ace = reinterpret_cast<char*>(Find(acl, index));
  auto* rest = reinterpret_cast<char*>(Find(acl, index + 1));
  auto* end = reinterpret_cast<char*>(Find(acl, acl->AceCount));
  std::memmove(ace, rest, static_cast<size_t>(end - rest));
  --acl->AceCount;
  return STATUS_SUCCESS;
}

// STATUS_INVALID_PARAMETER. nf-ntifs-rtlgetace
NTSTATUS RtlGetAce(PACL acl, ULONG index, PVOID* ace) {
  if (acl == nullptr || index >= acl->AceCount) return STATUS_INVALID_PARAMETER;
  *ace = Find(acl, index);
  return *ace == nullptr ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

// STATUS_ALLOTTED_SPACE_EXCEEDED, STATUS_INVALID_ACL, STATUS_INVALID_SID, STATUS_REVISION_MISMATCH.
// nf-ntifs-rtladdaccessallowedace
NTSTATUS RtlAddAccessAllowedAce(PACL acl, ULONG revision, ACCESS_MASK mask, PSID sid) {
  return AddKnown(acl, revision, ACCESS_ALLOWED_ACE_TYPE, 0, mask, sid);
}
// nf-ntifs-rtladdaccessallowedaceex
NTSTATUS RtlAddAccessAllowedAceEx(PACL acl, ULONG revision, ULONG flags, ACCESS_MASK mask, PSID sid) {
  return AddKnown(acl, revision, ACCESS_ALLOWED_ACE_TYPE, flags, mask, sid);
}
NTSTATUS RtlAddAccessDeniedAce(PACL acl, ULONG revision, ACCESS_MASK mask, PSID sid) {
  return AddKnown(acl, revision, ACCESS_DENIED_ACE_TYPE, 0, mask, sid);
}
NTSTATUS RtlAddAccessDeniedAceEx(PACL acl, ULONG revision, ULONG flags, ACCESS_MASK mask, PSID sid) {
  return AddKnown(acl, revision, ACCESS_DENIED_ACE_TYPE, flags, mask, sid);
}

// Generic rights become the specific ones.
VOID RtlMapGenericMask(PACCESS_MASK mask, const GENERIC_MAPPING* mapping) {
  if ((*mask & GENERIC_READ) != 0) *mask |= mapping->GenericRead;
  if ((*mask & GENERIC_WRITE) != 0) *mask |= mapping->GenericWrite;
  if ((*mask & GENERIC_EXECUTE) != 0) *mask |= mapping->GenericExecute;
  if ((*mask & GENERIC_ALL) != 0) *mask |= mapping->GenericAll;
  *mask &= ~static_cast<ULONG>(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
}

}  // extern "C"
