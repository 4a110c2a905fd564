// SPDX-License-Identifier: MIT
// RtlXxxSid.
#include <ddi/ex_pool.h>
#include <ddi/se_ntifs.h>
#include <ntstatus.h>

#include <cstdarg>
#include <cstring>

#include "se/sid.h"

using namespace ring3;

namespace {

constexpr ULONG kSidTag = 'diSe';
SID* AsSid(PSID sid) {
  return static_cast<SID*>(sid);
}

}  // namespace

extern "C" {

// nf-ntifs-rtllengthrequiredsid: bytes for a SID of that many sub-authorities.
ULONG RtlLengthRequiredSid(ULONG count) {
  return 8 + 4 * count;
}
// nf-ntifs-rtllengthsid
ULONG RtlLengthSid(PSID sid) {
  return 8 + 4u * AsSid(sid)->SubAuthorityCount;
}

// Sub-authorities are left to the caller. STATUS_INVALID_PARAMETER for more than 15.
// nf-ntifs-rtlinitializesid
NTSTATUS RtlInitializeSid(PSID sid, PSID_IDENTIFIER_AUTHORITY authority, UCHAR count) {
  if (count > SID_MAX_SUB_AUTHORITIES) return STATUS_INVALID_PARAMETER;
  AsSid(sid)->Revision = SID_REVISION;
  AsSid(sid)->SubAuthorityCount = count;
  AsSid(sid)->IdentifierAuthority = *authority;
  return STATUS_SUCCESS;
}

// nf-ntifs-rtlinitializesidex
NTSTATUS RtlInitializeSidEx(PSID sid, PSID_IDENTIFIER_AUTHORITY authority, UCHAR count, ...) {
  NTSTATUS status = RtlInitializeSid(sid, authority, count);
  if (!NT_SUCCESS(status)) return status;
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wvarargs"  // the documented signature ends in a UCHAR
  va_list arguments;
  va_start(arguments, count);
  for (UCHAR i = 0; i < count; ++i) *RtlSubAuthoritySid(sid, i) = va_arg(arguments, ULONG);
  va_end(arguments);
#pragma clang diagnostic pop
  return STATUS_SUCCESS;
}

// Freed with RtlFreeSid. STATUS_INVALID_SID for more than eight, STATUS_NO_MEMORY.
// nf-ntifs-rtlallocateandinitializesid
NTSTATUS RtlAllocateAndInitializeSid(PSID_IDENTIFIER_AUTHORITY authority, UCHAR count, ULONG s0, ULONG s1,
                                     ULONG s2, ULONG s3, ULONG s4, ULONG s5, ULONG s6, ULONG s7, PSID* sid) {
  if (count > 8) return STATUS_INVALID_SID;
  *sid = ExAllocatePool2(POOL_FLAG_PAGED, RtlLengthRequiredSid(count), kSidTag);
  if (*sid == nullptr) return STATUS_NO_MEMORY;
  RtlInitializeSid(*sid, authority, count);
  const ULONG values[] = {s0, s1, s2, s3, s4, s5, s6, s7};
  for (UCHAR i = 0; i < count; ++i) *RtlSubAuthoritySid(*sid, i) = values[i];
  return STATUS_SUCCESS;
}

// nf-ntifs-rtlfreesid
PVOID RtlFreeSid(PSID sid) {
  ExFreePoolWithTag(sid, kSidTag);
  return nullptr;
}

// nf-ntifs-rtlsubauthoritysid
PULONG RtlSubAuthoritySid(PSID sid, ULONG index) {
  return reinterpret_cast<PULONG>(static_cast<char*>(sid) + 8 + 4 * static_cast<size_t>(index));
}
// nf-ntifs-rtlsubauthoritycountsid
PUCHAR RtlSubAuthorityCountSid(PSID sid) {
  return &AsSid(sid)->SubAuthorityCount;
}
// nf-ntifs-rtlidentifierauthoritysid
PSID_IDENTIFIER_AUTHORITY RtlIdentifierAuthoritySid(PSID sid) {
  return &AsSid(sid)->IdentifierAuthority;
}

// STATUS_BUFFER_TOO_SMALL. nf-ntifs-rtlcopysid
NTSTATUS RtlCopySid(ULONG length, PSID destination, PSID source) {
  if (RtlLengthSid(source) > length) return STATUS_BUFFER_TOO_SMALL;
  std::memmove(destination, source, RtlLengthSid(source));
  return STATUS_SUCCESS;
}

// nf-ntifs-rtlequalsid
BOOLEAN RtlEqualSid(PSID a, PSID b) {
  return AsSid(a)->Revision == AsSid(b)->Revision && RtlLengthSid(a) == RtlLengthSid(b) &&
         std::memcmp(a, b, RtlLengthSid(a)) == 0;
}

// All but the last sub-authority. nf-ntifs-rtlequalprefixsid
BOOLEAN RtlEqualPrefixSid(PSID a, PSID b) {
  if (AsSid(a)->SubAuthorityCount != AsSid(b)->SubAuthorityCount) return FALSE;
  ULONG length = AsSid(a)->SubAuthorityCount == 0 ? 8 : RtlLengthSid(a) - 4;
  return std::memcmp(a, b, length) == 0;
}

// nf-ntifs-rtlvalidsid
BOOLEAN RtlValidSid(PSID sid) {
  return sid != nullptr && AsSid(sid)->Revision == SID_REVISION &&
         AsSid(sid)->SubAuthorityCount <= SID_MAX_SUB_AUTHORITIES;
}

// STATUS_INVALID_SID, STATUS_BUFFER_OVERFLOW (no allocation asked for and too small), STATUS_NO_MEMORY. The
// string is freed with RtlFreeUnicodeString. nf-ntifs-rtlconvertsidtounicodestring
NTSTATUS RtlConvertSidToUnicodeString(PUNICODE_STRING string, PSID sid, BOOLEAN allocate) {
  if (!RtlValidSid(sid)) return STATUS_INVALID_SID;
  std::string text = se::ToString(sid);
  auto byte_count = static_cast<USHORT>(text.size() * sizeof(WCHAR));
  if (allocate) {
    string->MaximumLength = static_cast<USHORT>(byte_count + sizeof(WCHAR));
    string->Buffer = static_cast<PWCH>(ExAllocatePool2(POOL_FLAG_PAGED, string->MaximumLength, 'grtS'));
    if (string->Buffer == nullptr) return STATUS_NO_MEMORY;
  } else if (string->MaximumLength < byte_count) {
    return STATUS_BUFFER_OVERFLOW;
  }
  for (size_t i = 0; i < text.size(); ++i) string->Buffer[i] = static_cast<WCHAR>(text[i]);
  string->Length = byte_count;
  if (string->MaximumLength >= byte_count + sizeof(WCHAR)) string->Buffer[text.size()] = 0;
  return STATUS_SUCCESS;
}

}  // extern "C"
