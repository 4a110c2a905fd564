// SPDX-License-Identifier: MIT
// References to objects: ObReferenceObject and its kin. Tags are for the reader; all share one count.
#include <ddi/ke.h>
#include <ddi/ob_ntifs.h>

#include "ob/deferred_delete.h"
#include "ob/object.h"
#include "ob/object_type.h"

using namespace ring3;

extern "C" {

// One reference more; returns the new count. IRQL <= DISPATCH_LEVEL. nf-wdm-obfreferenceobject
LONG_PTR ObfReferenceObject(PVOID object) {
  ob::Reference(object);
  return ob::ObjectHeader::Of(object)->pointer_count.load(std::memory_order_relaxed);
}

// nf-wdm-obreferenceobjectwithtag
LONG_PTR ObfReferenceObjectWithTag(PVOID object, ULONG) {
  return ObfReferenceObject(object);
}

// One reference less; with the last the object goes, later on a worker thread when the IRQL is raised.
// REFERENCE_BY_POINTER when there was none. IRQL <= DISPATCH_LEVEL. nf-wdm-obdereferenceobject
LONG_PTR ObfDereferenceObject(PVOID object) {
  return ob::Dereference(object);
}

// nf-wdm-obdereferenceobjectwithtag
LONG_PTR ObfDereferenceObjectWithTag(PVOID object, ULONG) {
  return ob::Dereference(object);
}

// FALSE when the object is being deleted. nf-wdm-obreferenceobjectsafe
BOOLEAN ObReferenceObjectSafe(PVOID object) {
  return ob::ReferenceUnlessDeleted(object);
}
BOOLEAN ObReferenceObjectSafeWithTag(PVOID object, ULONG) {
  return ob::ReferenceUnlessDeleted(object);
}

// As ObDereferenceObject, but never deletes in this thread: for callers that hold locks which the delete
// procedure takes. nf-wdm-obdereferenceobjectdeferdelete
VOID ObDereferenceObjectDeferDelete(PVOID object) {
  ob::ObjectHeader* header = ob::ObjectHeader::Of(object);
  int64_t left = header->pointer_count.fetch_sub(1, std::memory_order_acq_rel) - 1;
  if (left < 0) ob::BadReference(object, "dereferenced more often than referenced");
  if (left == 0) ob::DeferDelete(header);
}
VOID ObDereferenceObjectDeferDeleteWithTag(PVOID object, ULONG) {
  ObDereferenceObjectDeferDelete(object);
}

// Checks the type and takes a reference. With `access_mode` KernelMode the type may be null.
// STATUS_OBJECT_TYPE_MISMATCH. IRQL <= DISPATCH_LEVEL. nf-wdm-obreferenceobjectbypointer
NTSTATUS ObReferenceObjectByPointer(PVOID object, ACCESS_MASK, POBJECT_TYPE type,
                                    KPROCESSOR_MODE access_mode) {
  if (ob::ObjectHeader::Of(object)->type != type &&
      (type != nullptr || (access_mode != KernelMode && ob::ObjectHeader::Of(object)->type != nullptr))) {
    return STATUS_OBJECT_TYPE_MISMATCH;
  }
  ob::Reference(object);
  return STATUS_SUCCESS;
}
NTSTATUS ObReferenceObjectByPointerWithTag(PVOID object, ACCESS_MASK access, POBJECT_TYPE type,
                                           KPROCESSOR_MODE mode, ULONG) {
  return ObReferenceObjectByPointer(object, access, type, mode);
}

// The object behind a handle of the current process, or a kernel handle (KernelMode only), with a reference
// that the caller drops with ObDereferenceObject. `access` is checked for UserMode. PASSIVE_LEVEL.
// STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED, STATUS_INVALID_HANDLE. nf-wdm-obreferenceobjectbyhandle
NTSTATUS ObReferenceObjectByHandle(HANDLE handle, ACCESS_MASK access, POBJECT_TYPE type, KPROCESSOR_MODE mode,
                                   PVOID* object, POBJECT_HANDLE_INFORMATION information) {
  *object = nullptr;
  ob::HandleInformation found;
  Result<void*> referenced = ob::ReferenceByHandle(handle, access, type, mode, &found);
  if (!referenced.ok()) return referenced.status();
  if (information != nullptr) {
    information->HandleAttributes = found.attributes;
    information->GrantedAccess = found.granted_access;
  }
  *object = *referenced;
  return STATUS_SUCCESS;
}
NTSTATUS ObReferenceObjectByHandleWithTag(HANDLE handle, ACCESS_MASK access, POBJECT_TYPE type,
                                          KPROCESSOR_MODE mode, ULONG, PVOID* object,
                                          POBJECT_HANDLE_INFORMATION information) {
  return ObReferenceObjectByHandle(handle, access, type, mode, object, information);
}

// A named object of `type`, referenced. Exported; no page.
NTSTATUS ObReferenceObjectByName(PUNICODE_STRING name, ULONG attributes, PACCESS_STATE, ACCESS_MASK access,
                                 POBJECT_TYPE type, KPROCESSOR_MODE mode, PVOID parse_context,
                                 PVOID* object) {
  *object = nullptr;
  OBJECT_ATTRIBUTES object_attributes;
  InitializeObjectAttributes(&object_attributes, name, attributes, nullptr, nullptr);
  Result<void*> found = ob::ReferenceObjectByName(object_attributes, type, mode, access, parse_context);
  if (!found.ok()) return found.status();
  *object = *found;
  return STATUS_SUCCESS;
}

POBJECT_TYPE ObGetObjectType(PVOID object) {
  return ob::ObjectHeader::Of(object)->type;
}

}  // extern "C"
