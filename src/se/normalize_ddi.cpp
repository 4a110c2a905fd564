// SPDX-License-Identifier: MIT
// RtlNormalizeSecurityDescriptor.
#include <ddi/ex_pool.h>
#include <ddi/se_ntddk.h>

#include <cstring>
#include <vector>

#include "se/descriptor.h"

using namespace ring3;

namespace {

bool IsAllowed(const ACE_HEADER* ace) {
  return ace->AceType == ACCESS_ALLOWED_ACE_TYPE || ace->AceType == ACCESS_ALLOWED_OBJECT_ACE_TYPE ||
         ace->AceType == ACCESS_ALLOWED_CALLBACK_ACE_TYPE;
}

// `acl` without its later copies of the same allowing ACE, and without bytes after the last ACE.
std::vector<unsigned char> WithoutDuplicates(const ACL* acl) {
  std::vector<unsigned char> result(reinterpret_cast<const unsigned char*>(acl),
                                    reinterpret_cast<const unsigned char*>(acl + 1));
  std::vector<const ACE_HEADER*> kept;
  const auto* at = reinterpret_cast<const unsigned char*>(acl + 1);
  for (USHORT i = 0; i < acl->AceCount; ++i) {
    const auto* ace = reinterpret_cast<const ACE_HEADER*>(at);
    at += ace->AceSize;
    bool duplicate = false;
    for (const ACE_HEADER* other : kept) {
      duplicate = duplicate || (IsAllowed(ace) && other->AceSize == ace->AceSize &&
                                std::memcmp(other, ace, ace->AceSize) == 0);
    }
    if (duplicate) continue;
    kept.push_back(ace);
    const auto* bytes = reinterpret_cast<const unsigned char*>(ace);
    result.insert(result.end(), bytes, bytes + ace->AceSize);
  }
  auto* header = reinterpret_cast<ACL*>(result.data());
  header->AceCount = static_cast<USHORT>(kept.size());
  header->AclSize = static_cast<USHORT>(result.size());
  return result;
}

std::vector<unsigned char> Normalized(PSECURITY_DESCRIPTOR descriptor) {
  se::Parts parts = se::PartsOf(descriptor);
  std::vector<unsigned char> sacl, dacl;
  if (parts.sacl != nullptr && parts.sacl->AceCount == 0) {
    parts.sacl = nullptr;
    parts.control &= static_cast<SECURITY_DESCRIPTOR_CONTROL>(~SE_SACL_PRESENT);
  }
  if (parts.sacl != nullptr) {
    sacl = WithoutDuplicates(parts.sacl);
    parts.sacl = reinterpret_cast<PACL>(sacl.data());
  }
  if (parts.dacl != nullptr) {
    dacl = WithoutDuplicates(parts.dacl);
    parts.dacl = reinterpret_cast<PACL>(dacl.data());
  }
  std::vector<unsigned char> result(se::SelfRelativeSize(parts));
  se::WriteSelfRelative(parts, result.data());
  return result;
}

}  // namespace

extern "C" {

// Sections in the order SACL, DACL, owner, group, without padding, without an empty SACL, without repeated
// allowing ACEs. TRUE where that changes (or, with `check_only`, would change) the self-relative descriptor
// of `length` bytes. The new one goes to the buffer at `*new_descriptor`, to a new block of paged pool stored
// there when that is null, or, without `new_descriptor`, in the place of `*descriptor`, which is freed.
// nf-ntddk-rtlnormalizesecuritydescriptor
BOOLEAN RtlNormalizeSecurityDescriptor(PSECURITY_DESCRIPTOR* descriptor, ULONG length,
                                       PSECURITY_DESCRIPTOR* new_descriptor, PULONG new_length,
                                       BOOLEAN check_only) {
  if (!SeValidSecurityDescriptor(length, *descriptor)) return FALSE;
  const std::vector<unsigned char> normalized = Normalized(*descriptor);
  if (normalized.size() == length && std::memcmp(normalized.data(), *descriptor, length) == 0) return FALSE;
  if (check_only) return TRUE;
  const bool in_place = new_descriptor != nullptr && *new_descriptor != nullptr;
  if (in_place && normalized.size() > length) return FALSE;
  void* target = in_place ? *new_descriptor : ExAllocatePool2(POOL_FLAG_PAGED, normalized.size(), 'dSeS');
  if (target == nullptr) return FALSE;
  std::memcpy(target, normalized.data(), normalized.size());
  if (new_length != nullptr) *new_length = static_cast<ULONG>(normalized.size());
  if (new_descriptor == nullptr) {
    ExFreePool(*descriptor);
    *descriptor = target;
  } else {
    *new_descriptor = target;
  }
  return TRUE;
}

}  // extern "C"
