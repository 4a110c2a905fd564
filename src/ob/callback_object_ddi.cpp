// SPDX-License-Identifier: MIT
// Callback objects, as drivers call them. Ex by name; here because they are objects.
#include "ob/callback_object.h"

using namespace ring3;

namespace {
ob::CallbackObject* Of(void* object) {
  return static_cast<ob::CallbackObject*>(object);
}
}  // namespace

extern "C" {

// A referenced callback object: opened, or made where `create`. It must have a name, else
// STATUS_UNSUCCESSFUL; what is not OBJ_PERMANENT loses it at once. STATUS_OBJECT_NAME_NOT_FOUND,
// STATUS_OBJECT_TYPE_MISMATCH, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_PATH_NOT_FOUND,
// STATUS_INSUFFICIENT_RESOURCES. PASSIVE_LEVEL. nf-wdm-excreatecallback
NTSTATUS ExCreateCallback(PCALLBACK_OBJECT* callback_object, POBJECT_ATTRIBUTES attributes, BOOLEAN create,
                          BOOLEAN allow_multiple_callbacks) {
  *callback_object = nullptr;
  RING3_TRY_ASSIGN(ob::CallbackObject * object,
                   ob::OpenCallback(*attributes, create ? ob::IfMissing::kIsCreated : ob::IfMissing::kFails,
                                    allow_multiple_callbacks ? ob::Callers::kMany : ob::Callers::kOne));
  *callback_object = reinterpret_cast<PCALLBACK_OBJECT>(object);
  return STATUS_SUCCESS;
}

// The registration, or null: no memory, or the object allows one routine and has it. IRQL <= APC_LEVEL.
// nf-wdm-exregistercallback
PVOID ExRegisterCallback(PCALLBACK_OBJECT callback_object, PCALLBACK_FUNCTION function, PVOID context) {
  return ob::RegisterCallback(Of(callback_object), function, context);
}

// Returns when the routine is not running and will not run again. IRQL <= APC_LEVEL.
// nf-wdm-exunregistercallback
VOID ExUnregisterCallback(PVOID registration) {
  ob::UnregisterCallback(static_cast<ob::CallbackRegistration*>(registration));
}

// Calls the registered routines in the order of their registration, at the caller's IRQL, <= DISPATCH_LEVEL.
// nf-wdm-exnotifycallback
VOID ExNotifyCallback(PVOID callback_object, PVOID argument1, PVOID argument2) {
  ob::NotifyCallback(Of(callback_object), argument1, argument2);
}

}  // extern "C"
