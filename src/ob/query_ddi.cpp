// SPDX-License-Identifier: MIT
// What an object is: ObQueryNameString, ZwQueryObject, ObGetObjectSecurity, ZwQuerySecurityObject,
// ZwSetSecurityObject.
#include <ddi/ex_pool.h>
#include <ddi/ke.h>

#include <cstring>

#include "ob/namespace.h"
#include "ob/object_type.h"
#include "ob/query.h"
#include "ob/service.h"

using namespace ring3;

namespace {

constexpr ULONG kSecurityTag = 'dSbO';

// A UNICODE_STRING with its text and terminator behind it. STATUS_INFO_LENGTH_MISMATCH when it does not fit.
NTSTATUS StoreName(std::u16string_view name, OBJECT_NAME_INFORMATION* information, ULONG length,
                   PULONG needed) {
  ULONG text = static_cast<ULONG>(name.size() * sizeof(WCHAR));
  *needed = sizeof(OBJECT_NAME_INFORMATION) + (text == 0 ? 0 : text + static_cast<ULONG>(sizeof(WCHAR)));
  if (information == nullptr || length < *needed) return STATUS_INFO_LENGTH_MISMATCH;
  if (text == 0) {
    information->Name = {};
    return STATUS_SUCCESS;
  }
  auto* buffer = reinterpret_cast<char*>(information + 1);
  std::memcpy(buffer, name.data(), text);
  std::memset(buffer + text, 0, sizeof(WCHAR));
  information->Name.Length = static_cast<USHORT>(text);
  information->Name.MaximumLength = static_cast<USHORT>(text + sizeof(WCHAR));
  information->Name.Buffer = reinterpret_cast<PWCH>(buffer);
  return STATUS_SUCCESS;
}

}  // namespace

namespace ring3::ob {

// STATUS_INFO_LENGTH_MISMATCH, STATUS_INVALID_INFO_CLASS, STATUS_INVALID_HANDLE. nf-ntifs-zwqueryobject
NTSTATUS QueryObject(KPROCESSOR_MODE mode, HANDLE handle, OBJECT_INFORMATION_CLASS information_class,
                     PVOID information, ULONG length, PULONG return_length) {
  HandleInformation found;
  RING3_TRY_ASSIGN(auto object, ReferenceHandleAs<void>(handle, 0, nullptr, mode, &found));
  ObjectHeader* header = ObjectHeader::Of(object.get());
  ULONG needed = 0;
  NTSTATUS status = STATUS_SUCCESS;
  switch (information_class) {
    case ObjectBasicInformation: {
      needed = sizeof(PUBLIC_OBJECT_BASIC_INFORMATION);
      if (length < needed) {
        status = STATUS_INFO_LENGTH_MISMATCH;
        break;
      }
      PUBLIC_OBJECT_BASIC_INFORMATION basic = {};
      basic.Attributes = found.attributes;
      basic.GrantedAccess = found.granted_access;
      basic.HandleCount = static_cast<ULONG>(header->handle_count.load());
      basic.PointerCount = static_cast<ULONG>(header->pointer_count.load() - 1);
      std::memcpy(information, &basic, sizeof(basic));
      break;
    }
    case ObjectNameInformation:
      status = StoreName(NameOf(object.get()), static_cast<OBJECT_NAME_INFORMATION*>(information), length,
                         &needed);
      break;
    case ObjectTypeInformation: {
      std::u16string_view name = header->type->name;
      ULONG text = static_cast<ULONG>(name.size() * sizeof(WCHAR));
      needed = sizeof(PUBLIC_OBJECT_TYPE_INFORMATION) + text + static_cast<ULONG>(sizeof(WCHAR));
      if (length < needed) {
        status = STATUS_INFO_LENGTH_MISMATCH;
        break;
      }
      auto* type = static_cast<PUBLIC_OBJECT_TYPE_INFORMATION*>(information);
      std::memset(type, 0, needed);
      std::memcpy(type + 1, name.data(), text);
      type->TypeName.Length = static_cast<USHORT>(text);
      type->TypeName.MaximumLength = static_cast<USHORT>(text + sizeof(WCHAR));
      type->TypeName.Buffer = reinterpret_cast<PWCH>(type + 1);
      break;
    }
    default:
      return STATUS_INVALID_INFO_CLASS;
  }
  if (return_length != nullptr) *return_length = needed;
  return status;
}

}  // namespace ring3::ob

extern "C" {

// STATUS_INFO_LENGTH_MISMATCH with the bytes needed; an unnamed object has a null string. PASSIVE_LEVEL.
// nf-ntifs-obquerynamestring
NTSTATUS ObQueryNameString(PVOID object, POBJECT_NAME_INFORMATION information, ULONG length,
                           PULONG return_length) {
  return StoreName(ob::NameOf(object), information, length, return_length);
}

// See ob::QueryObject. nf-ntifs-ntqueryobject
NTSTATUS ZwQueryObject(HANDLE handle, OBJECT_INFORMATION_CLASS information_class, PVOID information,
                       ULONG length, PULONG return_length) {
  ke::ServiceScope scope(KernelMode);
  return ob::QueryObject(KernelMode, handle, information_class, information, length, return_length);
}

// A copy of the object's descriptor, which ObReleaseObjectSecurity frees; null when the object has none.
// STATUS_INSUFFICIENT_RESOURCES. nf-wdm-obgetobjectsecurity
NTSTATUS ObGetObjectSecurity(PVOID object, PSECURITY_DESCRIPTOR* descriptor, PBOOLEAN memory_allocated) {
  *descriptor = nullptr;
  *memory_allocated = FALSE;
  PSECURITY_DESCRIPTOR current = ob::SecurityDescriptorOf(object);
  if (current == nullptr) return STATUS_SUCCESS;
  ULONG length = RtlLengthSecurityDescriptor(current);
  PVOID copy = ExAllocatePool2(POOL_FLAG_PAGED, length, kSecurityTag);
  if (copy == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  NTSTATUS status = STATUS_SUCCESS;
  if ((static_cast<PISECURITY_DESCRIPTOR>(current)->Control & SE_SELF_RELATIVE) != 0) {
    std::memcpy(copy, current, length);
  } else {
    status = RtlAbsoluteToSelfRelativeSD(current, copy, &length);
  }
  if (!NT_SUCCESS(status)) {
    ExFreePoolWithTag(copy, kSecurityTag);
    return status;
  }
  *descriptor = copy;
  *memory_allocated = TRUE;
  return STATUS_SUCCESS;
}

// nf-wdm-obreleaseobjectsecurity
VOID ObReleaseObjectSecurity(PSECURITY_DESCRIPTOR descriptor, BOOLEAN memory_allocated) {
  if (descriptor != nullptr && memory_allocated) ExFreePoolWithTag(descriptor, kSecurityTag);
}

// The parts asked for, self-relative. STATUS_BUFFER_TOO_SMALL with the bytes needed.
// nf-ntifs-zwquerysecurityobject
NTSTATUS ZwQuerySecurityObject(HANDLE handle, SECURITY_INFORMATION parts, PSECURITY_DESCRIPTOR descriptor,
                               ULONG length, PULONG needed) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto object, ob::ReferenceHandleAs<void>(handle, READ_CONTROL, nullptr, KernelMode));
  PSECURITY_DESCRIPTOR current = ob::SecurityDescriptorOf(object.get());
  *needed = length;
  return SeQuerySecurityDescriptorInfo(&parts, descriptor, needed, &current);
}

// Replaces the parts named. STATUS_INVALID_SECURITY_DESCR. nf-ntifs-zwsetsecurityobject
NTSTATUS ZwSetSecurityObject(HANDLE handle, SECURITY_INFORMATION parts, PSECURITY_DESCRIPTOR descriptor) {
  ke::ServiceScope scope(KernelMode);
  if (descriptor == nullptr || !RtlValidSecurityDescriptor(descriptor)) return STATUS_INVALID_SECURITY_DESCR;
  RING3_TRY_ASSIGN(auto object, ob::ReferenceHandleAs<void>(handle, WRITE_DAC, nullptr, KernelMode));
  ob::ObjectType* type = ob::ObjectHeader::Of(object.get())->type;
  if (type->options.procedures.security != nullptr) return STATUS_NOT_SUPPORTED;
  PSECURITY_DESCRIPTOR merged = ob::SecurityDescriptorOf(object.get());
  PSECURITY_DESCRIPTOR before = merged;
  GENERIC_MAPPING mapping = type->options.generic_mapping;
  RING3_TRY(SeSetSecurityDescriptorInfo(object.get(), &parts, descriptor, &merged, PagedPool, &mapping));
  if (merged != before) ob::SetSecurityDescriptor(object.get(), merged);
  return STATUS_SUCCESS;
}

}  // extern "C"

RING3_NT_SERVICE(QueryObject);
RING3_NT_SERVICE(QuerySecurityObject);
RING3_NT_SERVICE(SetSecurityObject);
