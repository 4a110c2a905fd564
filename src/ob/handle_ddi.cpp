// SPDX-License-Identifier: MIT
// Handles: ZwClose, ZwDuplicateObject, ObOpenObjectByPointer, ObInsertObject …
#include <ddi/ke.h>

#include <cstring>

#include "ob/callbacks.h"
#include "ob/namespace.h"
#include "ob/object_type.h"
#include "ob/process_head.h"
#include "ob/service.h"

using namespace ring3;

extern "C" {

// STATUS_INVALID_HANDLE, STATUS_HANDLE_NOT_CLOSABLE; INVALID_KERNEL_HANDLE (0x93) with handles verified.
// PASSIVE_LEVEL. nf-wdm-zwclose
NTSTATUS ZwClose(HANDLE handle) {
  ke::ServiceScope scope(KernelMode);
  return ob::CloseHandle(handle, KernelMode);
}

// `mode` UserMode: the handle must be the process' own. nf-wdm-obclosehandle
NTSTATUS ObCloseHandle(HANDLE handle, KPROCESSOR_MODE mode) {
  return ob::CloseHandle(handle, mode);
}

// nf-ntifs-obiskernelhandle
BOOLEAN ObIsKernelHandle(HANDLE handle) {
  return ob::IsKernelHandle(handle);
}

// A handle to an object that the caller references. STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED.
// nf-ntifs-obopenobjectbypointer
NTSTATUS ObOpenObjectByPointer(PVOID object, ULONG attributes, PACCESS_STATE, ACCESS_MASK access,
                               POBJECT_TYPE type, KPROCESSOR_MODE mode, PHANDLE handle) {
  return ob::Return(ob::OpenObjectByPointer(object, attributes, mode, access, type), handle);
}

// Makes the unnamed object known by a handle; takes over the caller's reference. nf-ntifs-obinsertobject
NTSTATUS ObInsertObject(PVOID object, PACCESS_STATE, ACCESS_MASK access, ULONG pointer_bias,
                        PVOID* new_object, PHANDLE handle) {
  ob::InsertOptions options;
  options.desired_access = access;
  options.want_handle = handle != nullptr;
  Result<ob::Inserted> inserted = ob::InsertObject(object, nullptr, options);
  if (handle != nullptr) *handle = inserted.ok() ? inserted->handle : nullptr;
  if (!inserted.ok()) return inserted.status();
  for (ULONG i = 0; i < pointer_bias; ++i) ob::Reference(object);
  if (pointer_bias != 0 && new_object != nullptr) *new_object = object;
  ob::Dereference(object);
  return inserted->status;
}

// nf-ntifs-obmaketemporaryobject
VOID ObMakeTemporaryObject(PVOID object) {
  ob::MakeTemporary(object);
}

// The name goes with the last handle. STATUS_INVALID_HANDLE. nf-wdm-zwmaketemporaryobject
NTSTATUS ZwMakeTemporaryObject(HANDLE handle) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto object, ob::ReferenceHandleAs<void>(handle, DELETE, nullptr, KernelMode));
  ob::MakeTemporary(object.get());
  return STATUS_SUCCESS;
}

// A handle in `target_process` to what `source` means in `source_process`. STATUS_INVALID_HANDLE,
// STATUS_ACCESS_DENIED, STATUS_PROCESS_IS_TERMINATING. nf-ntifs-zwduplicateobject
NTSTATUS ZwDuplicateObject(HANDLE source_process, HANDLE source, HANDLE target_process, PHANDLE target,
                           ACCESS_MASK access, ULONG attributes, ULONG options) {
  ke::ServiceScope scope(KernelMode);
  if (target != nullptr) *target = nullptr;
  RING3_TRY_ASSIGN(auto from, ob::ReferenceHandleAs<_EPROCESS>(source_process, 0x40,
                                                               ob::g_process_types.process, KernelMode));
  ob::Ref<_EPROCESS> to;
  if (target_process != nullptr) {
    RING3_TRY_ASSIGN(
        to, ob::ReferenceHandleAs<_EPROCESS>(target_process, 0x40, ob::g_process_types.process, KernelMode));
  }
  Result<HANDLE> made =
      ob::DuplicateHandle(from.get(), source, to.get(), access, attributes, options, KernelMode);
  if (!made.ok()) return made.status();
  if (target != nullptr) *target = *made;
  return STATUS_SUCCESS;
}

// No object is audited. nf-ntifs-obqueryobjectauditingbyhandle
NTSTATUS ObQueryObjectAuditingByHandle(HANDLE handle, PBOOLEAN generate_on_close) {
  RING3_TRY_ASSIGN(auto object, ob::ReferenceHandleAs<void>(handle, 0, nullptr, KernelMode));
  *generate_on_close = FALSE;
  return STATUS_SUCCESS;
}

// STATUS_INVALID_PARAMETER, STATUS_FLT_INSTANCE_ALTITUDE_COLLISION, STATUS_INSUFFICIENT_RESOURCES. IRQL <=
// APC_LEVEL. nf-wdm-obregistercallbacks
NTSTATUS ObRegisterCallbacks(POB_CALLBACK_REGISTRATION registration, PVOID* handle) {
  *handle = nullptr;
  RING3_TRY_ASSIGN(*handle, ob::RegisterCallbacks(*registration));
  return STATUS_SUCCESS;
}

// Waits for callbacks that run. nf-wdm-obunregistercallbacks
VOID ObUnRegisterCallbacks(PVOID handle) {
  ob::UnregisterCallbacks(handle);
}

// nf-wdm-obgetfilterversion
USHORT ObGetFilterVersion(VOID) {
  return OB_FLT_REGISTRATION_VERSION;
}

}  // extern "C"

RING3_NT_SERVICE(Close);
RING3_NT_SERVICE(MakeTemporaryObject);
RING3_NT_SERVICE(DuplicateObject);
