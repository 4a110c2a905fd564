// SPDX-License-Identifier: MIT
#include "ob/access.h"

#include <ddi/ex_pool.h>
#include <ddi/ke.h>
#include <ddi/se.h>

#include "ob/object_type.h"

namespace ring3::ob {

Result<ACCESS_MASK> GrantAccess(void* object, ACCESS_MASK desired, KPROCESSOR_MODE access_mode,
                                ULONG attributes) {
  ObjectType* type = ObjectHeader::Of(object)->type;
  GENERIC_MAPPING mapping = type->options.generic_mapping;
  RtlMapGenericMask(&desired, &mapping);
  bool checked = access_mode != KernelMode || (attributes & OBJ_FORCE_ACCESS_CHECK) != 0;
  PSECURITY_DESCRIPTOR descriptor = SecurityDescriptorOf(object);
  if (!checked || descriptor == nullptr) {
    if ((desired & MAXIMUM_ALLOWED) != 0) desired = (desired & ~MAXIMUM_ALLOWED) | mapping.GenericAll;
    return desired;
  }
  SECURITY_SUBJECT_CONTEXT subject;
  SeCaptureSubjectContext(&subject);
  ACCESS_MASK granted = 0;
  NTSTATUS status = STATUS_ACCESS_DENIED;
  BOOLEAN allowed =
      SeAccessCheck(descriptor, &subject, FALSE, desired, 0, nullptr, &mapping, UserMode, &granted, &status);
  SeReleaseSubjectContext(&subject);
  if (!allowed) return status;
  return granted;
}

Status AssignSecurity(void* object, PSECURITY_DESCRIPTOR explicit_descriptor, void* parent) {
  if (explicit_descriptor == nullptr) return STATUS_SUCCESS;
  ObjectType* type = ObjectHeader::Of(object)->type;
  GENERIC_MAPPING mapping = type->options.generic_mapping;
  SECURITY_SUBJECT_CONTEXT subject;
  SeCaptureSubjectContext(&subject);
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  NTSTATUS status =
      SeAssignSecurity(parent == nullptr ? nullptr : SecurityDescriptorOf(parent), explicit_descriptor,
                       &descriptor, type == g_directory_type, &subject, &mapping, PagedPool);
  SeReleaseSubjectContext(&subject);
  RING3_TRY(status);
  SetSecurityDescriptor(object, descriptor);
  return STATUS_SUCCESS;
}

}  // namespace ring3::ob
