// SPDX-License-Identifier: MIT
#include "ob/callback_object.h"

#include <ddi/ex_pool.h>
#include <ddi/list.h>
#include <ntstatus.h>

#include "base/spin_lock.h"
#include "ke/driver_gate.h"
#include "ob/namespace.h"

namespace ring3::ob {

ObjectType* g_callback_type = nullptr;

namespace {

constexpr ULONG kRegistrationTag = 'bcOR';
constexpr ACCESS_MASK kModifyState = 1;

SpinLock g_lock{LockRank::kObjectCallbacks};

// The first registration from `entry` on that is to be called, with a call noted.
CallbackRegistration* BeginCall(CallbackObject* object, LIST_ENTRY* entry) RING3_REQUIRES(g_lock) {
  for (; entry != &object->registrations; entry = entry->Flink) {
    auto* registration = CONTAINING_RECORD(entry, CallbackRegistration, link);
    if (registration->leaving) continue;
    ++registration->calls_under_way;
    return registration;
  }
  return nullptr;
}

void EndCall(CallbackRegistration* registration) RING3_REQUIRES(g_lock) {
  if (--registration->calls_under_way == 0 && registration->leaving)
    KeSetEvent(&registration->idle, EVENT_INCREMENT, FALSE);
}

Result<CallbackObject*> Make(const OBJECT_ATTRIBUTES& attributes, Callers callers) {
  RING3_TRY_ASSIGN(void* body, CreateObject(g_callback_type, sizeof(CallbackObject)));
  auto* object = static_cast<CallbackObject*>(body);
  InitializeListHead(&object->registrations);
  object->callers = callers;
  InsertOptions options;
  options.desired_access = kModifyState;
  // Somebody else may have made it meanwhile.
  OBJECT_ATTRIBUTES open_if = attributes;
  open_if.Attributes |= OBJ_OPENIF | OBJ_KERNEL_HANDLE;
  RING3_TRY_ASSIGN(Inserted inserted, InsertObject(object, &open_if, options));
  // The name of an object that is not permanent goes with the handle.
  static_cast<void>(CloseHandle(inserted.handle, KernelMode));
  return static_cast<CallbackObject*>(inserted.object);
}

}  // namespace

Status CreateCallbackType() {
  TypeOptions options;
  options.generic_mapping = {STANDARD_RIGHTS_READ, STANDARD_RIGHTS_WRITE | kModifyState,
                             STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, STANDARD_RIGHTS_ALL | kModifyState};
  options.valid_access = STANDARD_RIGHTS_ALL | kModifyState;
  RING3_TRY_ASSIGN(g_callback_type, CreateType(u"Callback", options));
  return STATUS_SUCCESS;
}

Status CreateSystemCallbacks() {
  for (std::u16string_view path :
       {u"\\Callback\\SetSystemTime", u"\\Callback\\PowerState", u"\\Callback\\ProcessorAdd"}) {
    UNICODE_STRING name = ToUnicodeString(path);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    RING3_TRY_ASSIGN(CallbackObject * object, Make(attributes, Callers::kMany));
    ObjectHeader::Of(object)->flags |= kMadeByBoot;
    Dereference(object);
  }
  return STATUS_SUCCESS;
}

Result<CallbackObject*> OpenCallback(const OBJECT_ATTRIBUTES& attributes, IfMissing missing,
                                     Callers callers) {
  if (attributes.ObjectName == nullptr || attributes.ObjectName->Length == 0) return STATUS_UNSUCCESSFUL;
  Result<void*> found = ReferenceObjectByName(attributes, g_callback_type, KernelMode, kModifyState);
  if (found.ok()) return static_cast<CallbackObject*>(*found);
  if (missing == IfMissing::kFails) return found.status();
  return Make(attributes, callers);
}

CallbackRegistration* RegisterCallback(CallbackObject* object, PCALLBACK_FUNCTION function, void* context) {
  auto* registration = static_cast<CallbackRegistration*>(
      ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(CallbackRegistration), kRegistrationTag));
  if (registration == nullptr) return nullptr;
  registration->object = object;
  registration->function = function;
  registration->context = context;
  KeInitializeEvent(&registration->idle, NotificationEvent, FALSE);
  Reference(object);
  bool registered = false;
  {
    SpinLockGuard guard(g_lock);
    if (object->callers == Callers::kMany || IsListEmpty(&object->registrations)) {
      InsertTailList(&object->registrations, &registration->link);
      registered = true;
    }
  }
  if (registered) return registration;
  Dereference(object);
  ExFreePoolWithTag(registration, kRegistrationTag);
  return nullptr;
}

void UnregisterCallback(CallbackRegistration* registration) {
  bool busy;
  {
    SpinLockGuard guard(g_lock);
    registration->leaving = true;
    busy = registration->calls_under_way != 0;
  }
  if (busy) KeWaitForSingleObject(&registration->idle, Executive, KernelMode, FALSE, nullptr);
  {
    SpinLockGuard guard(g_lock);
    RemoveEntryList(&registration->link);
  }
  Dereference(registration->object);
  ExFreePoolWithTag(registration, kRegistrationTag);
}

void NotifyCallback(CallbackObject* object, void* argument1, void* argument2) {
  CallbackRegistration* current;
  {
    SpinLockGuard guard(g_lock);
    current = BeginCall(object, object->registrations.Flink);
  }
  while (current != nullptr) {
    ke::CallDriver(nullptr, ke::Callback::kNotify, current->function, current->context, argument1, argument2);
    // The call holds `current` in the list: find the next before letting go of it.
    SpinLockGuard guard(g_lock);
    CallbackRegistration* next = BeginCall(object, current->link.Flink);
    EndCall(current);
    current = next;
  }
}

}  // namespace ring3::ob
