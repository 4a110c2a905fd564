// SPDX-License-Identifier: MIT
#include "se/descriptor.h"

#include <ddi/ex_pool.h>
#include <ntstatus.h>

#include <cstring>

namespace ring3::se {

constexpr ULONG kDescriptorTag = 'dSeS';

Parts PartsOf(PSECURITY_DESCRIPTOR descriptor) {
  Parts parts;
  auto* absolute = static_cast<SECURITY_DESCRIPTOR*>(descriptor);
  parts.control = absolute->Control;
  if ((parts.control & SE_SELF_RELATIVE) == 0) {
    parts.owner = absolute->Owner;
    parts.group = absolute->Group;
    parts.sacl = (parts.control & SE_SACL_PRESENT) != 0 ? absolute->Sacl : nullptr;
    parts.dacl = (parts.control & SE_DACL_PRESENT) != 0 ? absolute->Dacl : nullptr;
    return parts;
  }
  auto* relative = static_cast<SECURITY_DESCRIPTOR_RELATIVE*>(descriptor);
  auto at = [&](ULONG offset) -> void* {
    return offset == 0 ? nullptr : static_cast<char*>(descriptor) + offset;
  };
  parts.owner = at(relative->Owner);
  parts.group = at(relative->Group);
  if ((parts.control & SE_SACL_PRESENT) != 0) parts.sacl = static_cast<PACL>(at(relative->Sacl));
  if ((parts.control & SE_DACL_PRESENT) != 0) parts.dacl = static_cast<PACL>(at(relative->Dacl));
  return parts;
}

namespace {
ULONG Aligned(ULONG size) {
  return (size + 3) & ~3u;
}
ULONG SidSize(PSID sid) {
  return sid == nullptr ? 0 : RtlLengthSid(sid);
}
ULONG AclSize(PACL acl) {
  return acl == nullptr ? 0 : Aligned(acl->AclSize);
}
}  // namespace

ULONG SelfRelativeSize(const Parts& parts) {
  return sizeof(SECURITY_DESCRIPTOR_RELATIVE) + SidSize(parts.owner) + SidSize(parts.group) +
         AclSize(parts.sacl) + AclSize(parts.dacl);
}

void WriteSelfRelative(const Parts& parts, void* buffer) {
  auto* relative = static_cast<SECURITY_DESCRIPTOR_RELATIVE*>(buffer);
  *relative = {
      SECURITY_DESCRIPTOR_REVISION, 0, static_cast<USHORT>(parts.control | SE_SELF_RELATIVE), 0, 0, 0, 0};
  ULONG offset = sizeof(SECURITY_DESCRIPTOR_RELATIVE);
  auto append = [&](const void* part, ULONG size, ULONG padded) -> ULONG {
    if (part == nullptr) return 0;
    auto* to = static_cast<char*>(buffer) + offset;
    std::memcpy(to, part, size);
    std::memset(to + size, 0, padded - size);
    ULONG result = offset;
    offset += padded;
    return result;
  };
  relative->Sacl = append(parts.sacl, parts.sacl == nullptr ? 0 : parts.sacl->AclSize, AclSize(parts.sacl));
  relative->Dacl = append(parts.dacl, parts.dacl == nullptr ? 0 : parts.dacl->AclSize, AclSize(parts.dacl));
  relative->Owner = append(parts.owner, SidSize(parts.owner), SidSize(parts.owner));
  relative->Group = append(parts.group, SidSize(parts.group), SidSize(parts.group));
}

Result<PSECURITY_DESCRIPTOR> AllocateSelfRelative(const Parts& parts) {
  void* buffer = ExAllocatePool2(POOL_FLAG_PAGED, SelfRelativeSize(parts), kDescriptorTag);
  if (buffer == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  WriteSelfRelative(parts, buffer);
  return buffer;
}

}  // namespace ring3::se

using namespace ring3;

extern "C" {

// STATUS_UNKNOWN_REVISION. nf-wdm-rtlcreatesecuritydescriptor
NTSTATUS RtlCreateSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, ULONG revision) {
  if (revision != SECURITY_DESCRIPTOR_REVISION) return STATUS_UNKNOWN_REVISION;
  *static_cast<SECURITY_DESCRIPTOR*>(descriptor) = {};
  static_cast<SECURITY_DESCRIPTOR*>(descriptor)->Revision = SECURITY_DESCRIPTOR_REVISION;
  return STATUS_SUCCESS;
}

// nf-ntifs-rtlcreatesecuritydescriptorrelative
NTSTATUS RtlCreateSecurityDescriptorRelative(PISECURITY_DESCRIPTOR_RELATIVE descriptor, ULONG revision) {
  if (revision != SECURITY_DESCRIPTOR_REVISION) return STATUS_UNKNOWN_REVISION;
  *descriptor = {};
  descriptor->Revision = SECURITY_DESCRIPTOR_REVISION;
  descriptor->Control = SE_SELF_RELATIVE;
  return STATUS_SUCCESS;
}

// Revision, SIDs and ACLs are well formed. nf-wdm-rtlvalidsecuritydescriptor
BOOLEAN RtlValidSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor) {
  if (descriptor == nullptr ||
      static_cast<SECURITY_DESCRIPTOR*>(descriptor)->Revision != SECURITY_DESCRIPTOR_REVISION) {
    return FALSE;
  }
  se::Parts parts = se::PartsOf(descriptor);
  return (parts.owner == nullptr || RtlValidSid(parts.owner)) &&
         (parts.group == nullptr || RtlValidSid(parts.group)) &&
         (parts.dacl == nullptr || RtlValidAcl(parts.dacl)) &&
         (parts.sacl == nullptr || RtlValidAcl(parts.sacl));
}

// The self-relative form lies within `length` and has the parts required.
// nf-wdm-rtlvalidrelativesecuritydescriptor
BOOLEAN RtlValidRelativeSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, ULONG length,
                                           SECURITY_INFORMATION required) {
  auto* relative = static_cast<SECURITY_DESCRIPTOR_RELATIVE*>(descriptor);
  if (length < sizeof(*relative) || relative->Revision != SECURITY_DESCRIPTOR_REVISION ||
      (relative->Control & SE_SELF_RELATIVE) == 0) {
    return FALSE;
  }
  auto* base = static_cast<char*>(descriptor);
  auto sid_ok = [&](ULONG offset, SECURITY_INFORMATION part) {
    if (offset == 0) return (required & part) == 0;
    if (offset < sizeof(*relative) || offset % 4 != 0 || offset > length - 8 || length < 8) return false;
    PSID sid = base + offset;
    return RtlValidSid(sid) != FALSE && RtlLengthSid(sid) <= length - offset;
  };
  auto acl_ok = [&](ULONG offset, USHORT present, SECURITY_INFORMATION part) {
    if ((relative->Control & present) == 0) return (required & part) == 0;
    if (offset == 0) return true;
    if (offset < sizeof(*relative) || offset % 4 != 0 || offset > length - sizeof(ACL)) return false;
    auto* acl = reinterpret_cast<PACL>(base + offset);
    return acl->AclSize <= length - offset && RtlValidAcl(acl) != FALSE;
  };
  return sid_ok(relative->Owner, OWNER_SECURITY_INFORMATION) &&
         sid_ok(relative->Group, GROUP_SECURITY_INFORMATION) &&
         acl_ok(relative->Dacl, SE_DACL_PRESENT, DACL_SECURITY_INFORMATION) &&
         acl_ok(relative->Sacl, SE_SACL_PRESENT, SACL_SECURITY_INFORMATION);
}
// nf-wdm-sevalidsecuritydescriptor
BOOLEAN SeValidSecurityDescriptor(ULONG length, PSECURITY_DESCRIPTOR descriptor) {
  return RtlValidRelativeSecurityDescriptor(descriptor, length, 0);
}

// Bytes of the descriptor with its parts. nf-wdm-rtllengthsecuritydescriptor
ULONG RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor) {
  se::Parts parts = se::PartsOf(descriptor);
  ULONG header = (parts.control & SE_SELF_RELATIVE) != 0 ? sizeof(SECURITY_DESCRIPTOR_RELATIVE)
                                                         : sizeof(SECURITY_DESCRIPTOR);
  return se::SelfRelativeSize(parts) - static_cast<ULONG>(sizeof(SECURITY_DESCRIPTOR_RELATIVE)) + header;
}

#define RING3_ABSOLUTE(descriptor, sd)                                              \
  auto* sd = static_cast<SECURITY_DESCRIPTOR*>(descriptor);                         \
  if (sd->Revision != SECURITY_DESCRIPTOR_REVISION) return STATUS_UNKNOWN_REVISION; \
  if ((sd->Control & SE_SELF_RELATIVE) != 0) return STATUS_INVALID_SECURITY_DESCR

// Absolute form only. STATUS_UNKNOWN_REVISION, STATUS_INVALID_SECURITY_DESCR.
// nf-wdm-rtlsetdaclsecuritydescriptor
NTSTATUS RtlSetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, BOOLEAN present, PACL dacl,
                                      BOOLEAN defaulted) {
  RING3_ABSOLUTE(descriptor, sd);
  sd->Control =
      static_cast<USHORT>((sd->Control & ~(SE_DACL_PRESENT | SE_DACL_DEFAULTED)) |
                          (present ? SE_DACL_PRESENT : 0) | (present && defaulted ? SE_DACL_DEFAULTED : 0));
  sd->Dacl = present ? dacl : nullptr;
  return STATUS_SUCCESS;
}
NTSTATUS RtlSetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, BOOLEAN present, PACL sacl,
                                      BOOLEAN defaulted) {
  RING3_ABSOLUTE(descriptor, sd);
  sd->Control =
      static_cast<USHORT>((sd->Control & ~(SE_SACL_PRESENT | SE_SACL_DEFAULTED)) |
                          (present ? SE_SACL_PRESENT : 0) | (present && defaulted ? SE_SACL_DEFAULTED : 0));
  sd->Sacl = present ? sacl : nullptr;
  return STATUS_SUCCESS;
}
// nf-ntifs-rtlsetownersecuritydescriptor
NTSTATUS RtlSetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, PSID owner, BOOLEAN defaulted) {
  RING3_ABSOLUTE(descriptor, sd);
  sd->Owner = owner;
  sd->Control =
      static_cast<USHORT>((sd->Control & ~SE_OWNER_DEFAULTED) | (defaulted ? SE_OWNER_DEFAULTED : 0));
  return STATUS_SUCCESS;
}
// nf-ntifs-rtlsetgroupsecuritydescriptor
NTSTATUS RtlSetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, PSID group, BOOLEAN defaulted) {
  RING3_ABSOLUTE(descriptor, sd);
  sd->Group = group;
  sd->Control =
      static_cast<USHORT>((sd->Control & ~SE_GROUP_DEFAULTED) | (defaulted ? SE_GROUP_DEFAULTED : 0));
  return STATUS_SUCCESS;
}

// STATUS_UNKNOWN_REVISION. nf-ntifs-rtlgetdaclsecuritydescriptor
NTSTATUS RtlGetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, PBOOLEAN present, PACL* dacl,
                                      PBOOLEAN defaulted) {
  if (static_cast<SECURITY_DESCRIPTOR*>(descriptor)->Revision != SECURITY_DESCRIPTOR_REVISION) {
    return STATUS_UNKNOWN_REVISION;
  }
  se::Parts parts = se::PartsOf(descriptor);
  *present = (parts.control & SE_DACL_PRESENT) != 0;
  if (!*present) return STATUS_SUCCESS;
  *dacl = parts.dacl;
  *defaulted = (parts.control & SE_DACL_DEFAULTED) != 0;
  return STATUS_SUCCESS;
}
// nf-ntifs-rtlgetsaclsecuritydescriptor
NTSTATUS RtlGetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, PBOOLEAN present, PACL* sacl,
                                      PBOOLEAN defaulted) {
  if (static_cast<SECURITY_DESCRIPTOR*>(descriptor)->Revision != SECURITY_DESCRIPTOR_REVISION) {
    return STATUS_UNKNOWN_REVISION;
  }
  se::Parts parts = se::PartsOf(descriptor);
  *present = (parts.control & SE_SACL_PRESENT) != 0;
  if (!*present) return STATUS_SUCCESS;
  *sacl = parts.sacl;
  *defaulted = (parts.control & SE_SACL_DEFAULTED) != 0;
  return STATUS_SUCCESS;
}
// nf-ntifs-rtlgetownersecuritydescriptor
NTSTATUS RtlGetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, PSID* owner, PBOOLEAN defaulted) {
  se::Parts parts = se::PartsOf(descriptor);
  *owner = parts.owner;
  *defaulted = (parts.control & SE_OWNER_DEFAULTED) != 0;
  return STATUS_SUCCESS;
}
// nf-ntifs-rtlgetgroupsecuritydescriptor
NTSTATUS RtlGetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, PSID* group, PBOOLEAN defaulted) {
  se::Parts parts = se::PartsOf(descriptor);
  *group = parts.group;
  *defaulted = (parts.control & SE_GROUP_DEFAULTED) != 0;
  return STATUS_SUCCESS;
}

// STATUS_BAD_DESCRIPTOR_FORMAT (self-relative already), STATUS_BUFFER_TOO_SMALL with the bytes needed.
NTSTATUS RtlAbsoluteToSelfRelativeSD(PSECURITY_DESCRIPTOR absolute, PSECURITY_DESCRIPTOR relative,
                                     PULONG length) {
  se::Parts parts = se::PartsOf(absolute);
  if ((parts.control & SE_SELF_RELATIVE) != 0) return STATUS_BAD_DESCRIPTOR_FORMAT;
  ULONG needed = se::SelfRelativeSize(parts);
  bool fits = *length >= needed;
  *length = needed;
  if (!fits) return STATUS_BUFFER_TOO_SMALL;
  se::WriteSelfRelative(parts, relative);
  return STATUS_SUCCESS;
}

// STATUS_BAD_DESCRIPTOR_FORMAT, STATUS_BUFFER_TOO_SMALL with all sizes needed.
NTSTATUS RtlSelfRelativeToAbsoluteSD(PSECURITY_DESCRIPTOR relative, PSECURITY_DESCRIPTOR absolute,
                                     PULONG size, PACL dacl, PULONG dacl_size, PACL sacl, PULONG sacl_size,
                                     PSID owner, PULONG owner_size, PSID group, PULONG group_size) {
  se::Parts parts = se::PartsOf(relative);
  if ((parts.control & SE_SELF_RELATIVE) == 0) return STATUS_BAD_DESCRIPTOR_FORMAT;
  struct Copy {
    const void* from;
    void* to;
    PULONG size;
    ULONG needed;
  } copies[] = {{parts.dacl, dacl, dacl_size, parts.dacl == nullptr ? 0 : parts.dacl->AclSize},
                {parts.sacl, sacl, sacl_size, parts.sacl == nullptr ? 0 : parts.sacl->AclSize},
                {parts.owner, owner, owner_size, parts.owner == nullptr ? 0 : RtlLengthSid(parts.owner)},
                {parts.group, group, group_size, parts.group == nullptr ? 0 : RtlLengthSid(parts.group)}};
  bool fits = *size >= sizeof(SECURITY_DESCRIPTOR);
  *size = sizeof(SECURITY_DESCRIPTOR);
  for (Copy& copy : copies) {
    fits = fits && *copy.size >= copy.needed;
    *copy.size = copy.needed;
  }
  if (!fits) return STATUS_BUFFER_TOO_SMALL;
  for (Copy& copy : copies) {
    if (copy.from != nullptr) std::memcpy(copy.to, copy.from, copy.needed);
  }
  auto* sd = static_cast<SECURITY_DESCRIPTOR*>(absolute);
  *sd = {};
  sd->Revision = SECURITY_DESCRIPTOR_REVISION;
  sd->Control = static_cast<USHORT>(parts.control & ~SE_SELF_RELATIVE);
  sd->Owner = parts.owner == nullptr ? nullptr : owner;
  sd->Group = parts.group == nullptr ? nullptr : group;
  sd->Sacl = parts.sacl == nullptr ? nullptr : sacl;
  sd->Dacl = parts.dacl == nullptr ? nullptr : dacl;
  return STATUS_SUCCESS;
}

}  // extern "C"
