// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/ex_misc.h>
#include <ddi/ke.h>

#include "base/result.h"
#include "ob/object.h"

namespace ring3::ob {

enum class Callers : uint8_t { kOne, kMany };

// One ExRegisterCallback. It stays in the object's list until its unregistration has seen the last call of it
// return.
struct CallbackRegistration {
  LIST_ENTRY link;
  struct CallbackObject* object;  // referenced
  PCALLBACK_FUNCTION function;
  void* context;
  uint32_t calls_under_way;
  bool leaving;
  KEVENT idle;  // set when the last call returns after `leaving`
};

// The body of a callback object: routines that are told, in the order of their registration, of whatever its
// creator announces. Its list is guarded by one lock for all such objects.
struct CallbackObject {
  LIST_ENTRY registrations;
  Callers callers;
};

extern ObjectType* g_callback_type;

Status CreateCallbackType();
// \Callback\SetSystemTime, \Callback\PowerState and \Callback\ProcessorAdd.
Status CreateSystemCallbacks();

// Opens the named object or, where `create`, makes it. A reference for the caller.
enum class IfMissing : uint8_t { kFails, kIsCreated };
Result<CallbackObject*> OpenCallback(const OBJECT_ATTRIBUTES& attributes, IfMissing missing, Callers callers);
// Null: no memory, or the object takes one routine only and has it.
CallbackRegistration* RegisterCallback(CallbackObject* object, PCALLBACK_FUNCTION function, void* context);
// Waits for calls that are under way. IRQL <= APC_LEVEL, not from the routine itself.
void UnregisterCallback(CallbackRegistration* registration);
// Calls the routines at the caller's IRQL, without locks.
void NotifyCallback(CallbackObject* object, void* argument1, void* argument2);

}  // namespace ring3::ob
