// SPDX-License-Identifier: MIT
#include "nt/capture.h"

#include <algorithm>

#include <ntstatus.h>

namespace ring3::nt {
namespace {

constexpr ULONG kMostDescriptorByteCount = 64 * 1024;
// What an application may say in OBJECT_ATTRIBUTES.Attributes.
constexpr ULONG kUserAttributes = OBJ_INHERIT | OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_CASE_INSENSITIVE |
                                  OBJ_OPENIF | OBJ_OPENLINK | OBJ_FORCE_ACCESS_CHECK | OBJ_DONT_REPARSE |
                                  OBJ_IGNORE_IMPERSONATED_DEVICEMAP;

// Sizes of what a security descriptor is made of; every one is read from the application's memory by itself.
Status SidByteCount(const void* user, size_t* byte_count) {
  UCHAR sub_authority_count = 0;
  RING3_TRY(Read(static_cast<const UCHAR*>(user) + 1, &sub_authority_count));
  *byte_count = 8 + size_t{sub_authority_count} * 4;
  return STATUS_SUCCESS;
}

Status AclByteCount(const void* user, size_t* byte_count) {
  USHORT acl_size = 0;
  RING3_TRY(Read(reinterpret_cast<const USHORT*>(static_cast<const UCHAR*>(user) + 2), &acl_size));
  *byte_count = acl_size;
  return STATUS_SUCCESS;
}

}  // namespace

Status String::Capture(const UNICODE_STRING* user) {
  UNICODE_STRING header;
  RING3_TRY(Read(user, &header));
  if (header.Length % sizeof(WCHAR) != 0 || header.Length > header.MaximumLength)
    return STATUS_INVALID_PARAMETER;
  text_.resize(header.Length / sizeof(WCHAR));
  RING3_TRY(mm::CopyFromUser(text_.data(), header.Buffer, header.Length));
  string_ = {header.Length, header.Length, reinterpret_cast<PWCH>(text_.data())};
  return STATUS_SUCCESS;
}

Status Attributes::Capture(const OBJECT_ATTRIBUTES* user) {
  attributes_.Length = sizeof(attributes_);
  if (user == nullptr) return STATUS_SUCCESS;
  RING3_TRY(Read(user, &attributes_));
  if (attributes_.Length != sizeof(attributes_)) return STATUS_INVALID_PARAMETER;
  if (attributes_.Attributes & ~OBJ_VALID_ATTRIBUTES) return STATUS_INVALID_PARAMETER;
  attributes_.Attributes &= kUserAttributes;
  attributes_.SecurityQualityOfService = nullptr;
  if (attributes_.ObjectName != nullptr) {
    RING3_TRY(name_.Capture(attributes_.ObjectName));
    attributes_.ObjectName = name_.get();
  }
  if (attributes_.SecurityDescriptor != nullptr) {
    RING3_TRY(CaptureSecurityDescriptor(attributes_.SecurityDescriptor));
    attributes_.SecurityDescriptor = descriptor_.data();
  }
  return STATUS_SUCCESS;
}

Status Attributes::CaptureRequired(const OBJECT_ATTRIBUTES* user) {
  if (user == nullptr) return STATUS_INVALID_PARAMETER;
  return Capture(user);
}

// Makes a self-relative copy of an absolute or self-relative descriptor.
Status Attributes::CaptureSecurityDescriptor(const void* user) {
  SECURITY_DESCRIPTOR_RELATIVE relative;
  RING3_TRY(mm::CopyFromUser(&relative, user, sizeof(relative)));
  const auto* const base = static_cast<const UCHAR*>(user);
  const void* parts[4] = {};  // owner, group, SACL, DACL
  if (relative.Control & SE_SELF_RELATIVE) {
    const ULONG offsets[] = {relative.Owner, relative.Group, relative.Sacl, relative.Dacl};
    for (int i = 0; i < 4; ++i) parts[i] = offsets[i] == 0 ? nullptr : base + offsets[i];
  } else {
    SECURITY_DESCRIPTOR absolute;
    RING3_TRY(mm::CopyFromUser(&absolute, user, sizeof(absolute)));
    parts[0] = absolute.Owner;
    parts[1] = absolute.Group;
    parts[2] = absolute.Sacl;
    parts[3] = absolute.Dacl;
  }
  if ((relative.Control & SE_SACL_PRESENT) == 0) parts[2] = nullptr;
  if ((relative.Control & SE_DACL_PRESENT) == 0) parts[3] = nullptr;

  descriptor_.assign(sizeof(relative), 0);
  ULONG offsets[4] = {};
  for (int i = 0; i < 4; ++i) {
    if (parts[i] == nullptr) continue;
    size_t byte_count = 0;
    RING3_TRY(i < 2 ? SidByteCount(parts[i], &byte_count) : AclByteCount(parts[i], &byte_count));
    const size_t offset = (descriptor_.size() + 3) & ~size_t{3};
    if (offset + byte_count > kMostDescriptorByteCount) return STATUS_INVALID_SECURITY_DESCR;
    descriptor_.resize(offset + byte_count);
    RING3_TRY(mm::CopyFromUser(descriptor_.data() + offset, parts[i], byte_count));
    offsets[i] = static_cast<ULONG>(offset);
  }
  relative.Control |= SE_SELF_RELATIVE;
  relative.Owner = offsets[0];
  relative.Group = offsets[1];
  relative.Sacl = offsets[2];
  relative.Dacl = offsets[3];
  std::copy_n(reinterpret_cast<const UCHAR*>(&relative), sizeof(relative), descriptor_.data());
  // The parts may have changed between their sizes and their copies: what was copied decides.
  if (!RtlValidRelativeSecurityDescriptor(reinterpret_cast<PSECURITY_DESCRIPTOR>(descriptor_.data()),
                                          static_cast<ULONG>(descriptor_.size()), 0)) {
    return STATUS_INVALID_SECURITY_DESCR;
  }
  return STATUS_SUCCESS;
}

Status OutputBuffer::Prepare(void* user, ULONG byte_count) {
  if (byte_count > kMostByteCount) return STATUS_INSUFFICIENT_RESOURCES;
  RING3_TRY(mm::ProbeUserRange(user, byte_count, 1, mm::Access::kWrite));
  user_ = user;
  bytes_.resize(byte_count);
  return STATUS_SUCCESS;
}

Status OutputBuffer::CopyOut(ULONG byte_count) const {
  return mm::CopyToUser(user_, bytes_.data(), std::min<size_t>(byte_count, bytes_.size()));
}

Status InputBuffer::Capture(const void* user, ULONG byte_count) {
  if (byte_count > OutputBuffer::kMostByteCount) return STATUS_INSUFFICIENT_RESOURCES;
  bytes_.resize(byte_count);
  return mm::CopyFromUser(bytes_.data(), user, byte_count);
}

}  // namespace ring3::nt
