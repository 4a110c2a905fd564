// SPDX-License-Identifier: MIT
// Events, mutants, semaphores and timers with handles, and waits on handles.
#include <ddi/ke.h>
#include <ddi/ke_ntddk.h>
#include <ddi/ke_ntifs.h>

#include <algorithm>
#include <cstring>

#include "base/spin_lock.h"
#include "ke/dispatcher.h"
#include "ob/object_type.h"
#include "ob/service.h"
#include "ob/sync.h"

namespace ring3::ob {
namespace {

SpinLock g_release_lock{LockRank::kSemaphoreRelease};

template <typename Body, typename Initialise>
NTSTATUS Create(KPROCESSOR_MODE mode, ObjectType* type, PHANDLE handle, ACCESS_MASK access,
                const OBJECT_ATTRIBUTES* attributes, Initialise initialise) {
  *handle = nullptr;
  RING3_TRY_ASSIGN(void* object, CreateObject(type, sizeof(Body)));
  initialise(static_cast<Body*>(object));
  InsertOptions options;
  options.desired_access = access;
  options.access_mode = mode;
  RING3_TRY_ASSIGN(Inserted inserted, InsertObject(object, attributes, options));
  *handle = inserted.handle;
  Dereference(inserted.object);
  return inserted.status;
}

NTSTATUS Open(KPROCESSOR_MODE mode, ObjectType* type, PHANDLE handle, ACCESS_MASK access,
              const OBJECT_ATTRIBUTES* attributes) {
  return Return(OpenObjectByName(*attributes, type, mode, access), handle);
}

template <typename Body>
Result<Ref<Body>> Use(KPROCESSOR_MODE mode, HANDLE handle, ACCESS_MASK access, ObjectType* type) {
  return ReferenceHandleAs<Body>(handle, access, type, mode);
}

template <typename T>
void Store(T* out, T value) {
  if (out != nullptr) *out = value;
}

}  // namespace

// STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_NAME_EXISTS (OBJ_OPENIF), STATUS_INVALID_PARAMETER.
// PASSIVE_LEVEL. nf-ntifs-zwcreateevent
NTSTATUS CreateEvent(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                     EVENT_TYPE type, BOOLEAN initial_state) {
  if (type != NotificationEvent && type != SynchronizationEvent) return STATUS_INVALID_PARAMETER;
  return Create<KEVENT>(mode, g_event_type, handle, access, attributes,
                        [&](PKEVENT event) { KeInitializeEvent(event, type, initial_state); });
}

// nf-wdm-zwopenevent
NTSTATUS OpenEvent(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  return Open(mode, g_event_type, handle, access, attributes);
}

// nf-ntifs-zwsetevent
NTSTATUS SetEvent(KPROCESSOR_MODE mode, HANDLE handle, PLONG previous) {
  RING3_TRY_ASSIGN(auto event, Use<KEVENT>(mode, handle, EVENT_MODIFY_STATE, g_event_type));
  Store(previous, KeSetEvent(event.get(), EVENT_INCREMENT, FALSE));
  return STATUS_SUCCESS;
}

NTSTATUS ResetEvent(KPROCESSOR_MODE mode, HANDLE handle, PLONG previous) {
  RING3_TRY_ASSIGN(auto event, Use<KEVENT>(mode, handle, EVENT_MODIFY_STATE, g_event_type));
  Store(previous, KeResetEvent(event.get()));
  return STATUS_SUCCESS;
}

NTSTATUS ClearEvent(KPROCESSOR_MODE mode, HANDLE handle) {
  return ResetEvent(mode, handle, nullptr);
}

NTSTATUS PulseEvent(KPROCESSOR_MODE mode, HANDLE handle, PLONG previous) {
  RING3_TRY_ASSIGN(auto event, Use<KEVENT>(mode, handle, EVENT_MODIFY_STATE, g_event_type));
  Store(previous, KePulseEvent(event.get(), EVENT_INCREMENT, FALSE));
  return STATUS_SUCCESS;
}

NTSTATUS QueryEvent(KPROCESSOR_MODE mode, HANDLE handle, EVENT_INFORMATION_CLASS information_class,
                    PVOID information, ULONG length, PULONG return_length) {
  if (information_class != EventBasicInformation) return STATUS_INVALID_INFO_CLASS;
  if (length != sizeof(EVENT_BASIC_INFORMATION)) return STATUS_INFO_LENGTH_MISMATCH;
  RING3_TRY_ASSIGN(auto event, Use<KEVENT>(mode, handle, EVENT_QUERY_STATE, g_event_type));
  EVENT_BASIC_INFORMATION basic{static_cast<EVENT_TYPE>(event->Header.Type), KeReadStateEvent(event.get())};
  std::memcpy(information, &basic, sizeof(basic));
  Store(return_length, static_cast<ULONG>(sizeof(basic)));
  return STATUS_SUCCESS;
}

NTSTATUS CreateMutant(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                      BOOLEAN initial_owner) {
  // Owned only once it is known that the name was not taken: the loser must not leave an owned mutant behind.
  *handle = nullptr;
  RING3_TRY_ASSIGN(void* object, CreateObject(g_mutant_type, sizeof(KMUTANT)));
  KeInitializeMutant(static_cast<PKMUTANT>(object), FALSE);
  InsertOptions options;
  options.desired_access = access;
  options.access_mode = mode;
  RING3_TRY_ASSIGN(Inserted inserted, InsertObject(object, attributes, options));
  if (initial_owner && inserted.status == STATUS_SUCCESS) {
    LARGE_INTEGER now = {};
    KeWaitForSingleObject(inserted.object, UserRequest, KernelMode, FALSE, &now);
  }
  *handle = inserted.handle;
  Dereference(inserted.object);
  return inserted.status;
}

NTSTATUS OpenMutant(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  return Open(mode, g_mutant_type, handle, access, attributes);
}

// The right to wait for it is the right to release it (OpenMutex). STATUS_MUTANT_NOT_OWNED.
NTSTATUS ReleaseMutant(KPROCESSOR_MODE mode, HANDLE handle, PLONG previous) {
  RING3_TRY_ASSIGN(auto mutant, Use<KMUTANT>(mode, handle, SYNCHRONIZE, g_mutant_type));
  if (!ke::OwnsMutant(*mutant.get())) return STATUS_MUTANT_NOT_OWNED;
  Store(previous, KeReleaseMutant(mutant.get(), SEMAPHORE_INCREMENT, FALSE, FALSE));
  return STATUS_SUCCESS;
}

// STATUS_INVALID_PARAMETER when the counts make no sense.
NTSTATUS CreateSemaphore(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                         POBJECT_ATTRIBUTES attributes, LONG initial, LONG maximum) {
  if (maximum <= 0 || initial < 0 || initial > maximum) return STATUS_INVALID_PARAMETER;
  return Create<KSEMAPHORE>(mode, g_semaphore_type, handle, access, attributes, [&](PKSEMAPHORE semaphore) {
    KeInitializeSemaphore(semaphore, initial, maximum);
  });
}

NTSTATUS OpenSemaphore(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                       POBJECT_ATTRIBUTES attributes) {
  return Open(mode, g_semaphore_type, handle, access, attributes);
}

// STATUS_SEMAPHORE_LIMIT_EXCEEDED, STATUS_INVALID_PARAMETER.
NTSTATUS ReleaseSemaphore(KPROCESSOR_MODE mode, HANDLE handle, LONG count, PLONG previous) {
  if (count <= 0) return STATUS_INVALID_PARAMETER;
  RING3_TRY_ASSIGN(auto semaphore, Use<KSEMAPHORE>(mode, handle, SEMAPHORE_MODIFY_STATE, g_semaphore_type));
  // KeReleaseSemaphore raises where this service returns a status: look first, with other releases held off.
  SpinLockGuard guard(g_release_lock);
  if (count > semaphore->Limit - KeReadStateSemaphore(semaphore.get()))
    return STATUS_SEMAPHORE_LIMIT_EXCEEDED;
  Store(previous, KeReleaseSemaphore(semaphore.get(), SEMAPHORE_INCREMENT, count, FALSE));
  return STATUS_SUCCESS;
}

NTSTATUS CreateTimer(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                     TIMER_TYPE type) {
  if (type != NotificationTimer && type != SynchronizationTimer) return STATUS_INVALID_PARAMETER;
  return Create<KTIMER>(mode, g_timer_type, handle, access, attributes,
                        [&](PKTIMER timer) { KeInitializeTimerEx(timer, type); });
}

NTSTATUS OpenTimer(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  return Open(mode, g_timer_type, handle, access, attributes);
}

// `due_time` in 100 ns units, negative for relative; `period` in milliseconds. Timer APCs are not supported:
// STATUS_NOT_SUPPORTED. STATUS_INVALID_PARAMETER for a negative period.
NTSTATUS SetTimer(KPROCESSOR_MODE mode, HANDLE handle, PLARGE_INTEGER due_time,
                  PTIMER_APC_ROUTINE apc_routine, PVOID, BOOLEAN, LONG period, PBOOLEAN previous) {
  if (period < 0) return STATUS_INVALID_PARAMETER;
  if (apc_routine != nullptr) return STATUS_NOT_SUPPORTED;
  RING3_TRY_ASSIGN(auto timer, Use<KTIMER>(mode, handle, TIMER_MODIFY_STATE, g_timer_type));
  Store(previous, KeReadStateTimer(timer.get()));
  KeSetTimerEx(timer.get(), *due_time, period, nullptr);
  return STATUS_SUCCESS;
}

NTSTATUS CancelTimer(KPROCESSOR_MODE mode, HANDLE handle, PBOOLEAN state) {
  RING3_TRY_ASSIGN(auto timer, Use<KTIMER>(mode, handle, TIMER_MODIFY_STATE, g_timer_type));
  KeCancelTimer(timer.get());
  Store(state, KeReadStateTimer(timer.get()));
  return STATUS_SUCCESS;
}

// STATUS_SUCCESS, STATUS_TIMEOUT, STATUS_ALERTED, STATUS_USER_APC, STATUS_ABANDONED, STATUS_INVALID_HANDLE,
// STATUS_OBJECT_TYPE_MISMATCH (nothing to wait for). `timeout` as KeWaitForSingleObject's.
// nf-ntifs-zwwaitforsingleobject
NTSTATUS WaitForSingleObject(KPROCESSOR_MODE mode, HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout) {
  RING3_TRY_ASSIGN(auto object, Use<void>(mode, handle, SYNCHRONIZE, nullptr));
  void* dispatcher = DispatcherOf(object.get());
  if (dispatcher == nullptr) return STATUS_OBJECT_TYPE_MISMATCH;
  return KeWaitForSingleObject(dispatcher, UserRequest, mode, alertable, timeout);
}

// STATUS_INVALID_PARAMETER_1 for no handles or more than MAXIMUM_WAIT_OBJECTS; STATUS_INVALID_PARAMETER_MIX
// when a wait for all names an object twice.
NTSTATUS WaitForMultipleObjects(KPROCESSOR_MODE mode, ULONG count, HANDLE handles[], WAIT_TYPE wait_type,
                                BOOLEAN alertable, PLARGE_INTEGER timeout) {
  if (count == 0 || count > MAXIMUM_WAIT_OBJECTS) return STATUS_INVALID_PARAMETER_1;
  Ref<void> objects[MAXIMUM_WAIT_OBJECTS];
  void* dispatchers[MAXIMUM_WAIT_OBJECTS];
  for (ULONG i = 0; i < count; ++i) {
    RING3_TRY_ASSIGN(objects[i], Use<void>(mode, handles[i], SYNCHRONIZE, nullptr));
    dispatchers[i] = DispatcherOf(objects[i].get());
    if (dispatchers[i] == nullptr) return STATUS_OBJECT_TYPE_MISMATCH;
    if (wait_type == WaitAll && std::find(dispatchers, dispatchers + i, dispatchers[i]) != dispatchers + i) {
      return STATUS_INVALID_PARAMETER_MIX;
    }
  }
  KWAIT_BLOCK blocks[MAXIMUM_WAIT_OBJECTS];
  return KeWaitForMultipleObjects(count, dispatchers, wait_type, UserRequest, mode, alertable, timeout,
                                  blocks);
}

}  // namespace ring3::ob
