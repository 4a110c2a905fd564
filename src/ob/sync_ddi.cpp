// SPDX-License-Identifier: MIT
// Events, mutants, semaphores and timers with handles, and waits on handles.
#include <ddi/ke.h>
#include <ddi/ke_ntddk.h>
#include <ddi/ke_ntifs.h>

#include <cstring>

#include "base/spin_lock.h"
#include "ob/object_type.h"
#include "ob/service.h"

using namespace ring3;

namespace {

SpinLock g_release_lock{LockRank::kSemaphoreRelease};

template <typename Body, typename Initialise>
NTSTATUS Create(ob::ObjectType* type, PHANDLE handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes,
                Initialise initialise) {
  *handle = nullptr;
  RING3_TRY_ASSIGN(void* object, ob::CreateObject(type, sizeof(Body)));
  initialise(static_cast<Body*>(object));
  ob::InsertOptions options;
  options.desired_access = access;
  RING3_TRY_ASSIGN(ob::Inserted inserted, ob::InsertObject(object, attributes, options));
  *handle = inserted.handle;
  ob::Dereference(inserted.object);
  return inserted.status;
}

NTSTATUS Open(ob::ObjectType* type, PHANDLE handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes) {
  return ob::Return(ob::OpenObjectByName(*attributes, type, KernelMode, access), handle);
}

template <typename Body>
Result<ob::Ref<Body>> Use(HANDLE handle, ACCESS_MASK access, ob::ObjectType* type) {
  return ob::ReferenceHandleAs<Body>(handle, access, type, KernelMode);
}

template <typename T>
void Store(T* out, T value) {
  if (out != nullptr) *out = value;
}

}  // namespace

extern "C" {

// STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_NAME_EXISTS (OBJ_OPENIF), STATUS_INVALID_PARAMETER. PASSIVE_LEVEL.
// nf-ntifs-zwcreateevent
NTSTATUS ZwCreateEvent(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, EVENT_TYPE type,
                       BOOLEAN initial_state) {
  ke::ServiceScope scope(KernelMode);
  if (type != NotificationEvent && type != SynchronizationEvent) return STATUS_INVALID_PARAMETER;
  return Create<KEVENT>(ob::g_event_type, handle, access, attributes,
                        [&](PKEVENT event) { KeInitializeEvent(event, type, initial_state); });
}

// nf-wdm-zwopenevent
NTSTATUS ZwOpenEvent(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  ke::ServiceScope scope(KernelMode);
  return Open(ob::g_event_type, handle, access, attributes);
}

// nf-ntifs-zwsetevent
NTSTATUS ZwSetEvent(HANDLE handle, PLONG previous) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto event, Use<KEVENT>(handle, EVENT_MODIFY_STATE, ob::g_event_type));
  Store(previous, KeSetEvent(event.get(), EVENT_INCREMENT, FALSE));
  return STATUS_SUCCESS;
}

NTSTATUS ZwResetEvent(HANDLE handle, PLONG previous) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto event, Use<KEVENT>(handle, EVENT_MODIFY_STATE, ob::g_event_type));
  Store(previous, KeResetEvent(event.get()));
  return STATUS_SUCCESS;
}

NTSTATUS ZwClearEvent(HANDLE handle) { return ZwResetEvent(handle, nullptr); }

NTSTATUS ZwPulseEvent(HANDLE handle, PLONG previous) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto event, Use<KEVENT>(handle, EVENT_MODIFY_STATE, ob::g_event_type));
  Store(previous, KePulseEvent(event.get(), EVENT_INCREMENT, FALSE));
  return STATUS_SUCCESS;
}

NTSTATUS ZwQueryEvent(HANDLE handle, EVENT_INFORMATION_CLASS information_class, PVOID information, ULONG length,
                      PULONG return_length) {
  ke::ServiceScope scope(KernelMode);
  if (information_class != EventBasicInformation) return STATUS_INVALID_INFO_CLASS;
  if (length != sizeof(EVENT_BASIC_INFORMATION)) return STATUS_INFO_LENGTH_MISMATCH;
  RING3_TRY_ASSIGN(auto event, Use<KEVENT>(handle, EVENT_QUERY_STATE, ob::g_event_type));
  EVENT_BASIC_INFORMATION basic{static_cast<EVENT_TYPE>(event->Header.Type), KeReadStateEvent(event.get())};
  std::memcpy(information, &basic, sizeof(basic));
  Store(return_length, static_cast<ULONG>(sizeof(basic)));
  return STATUS_SUCCESS;
}

NTSTATUS ZwCreateMutant(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, BOOLEAN initial_owner) {
  ke::ServiceScope scope(KernelMode);
  // Owned only once it is known that the name was not taken: the loser must not leave an owned mutant behind.
  *handle = nullptr;
  RING3_TRY_ASSIGN(void* object, ob::CreateObject(ob::g_mutant_type, sizeof(KMUTANT)));
  KeInitializeMutant(static_cast<PKMUTANT>(object), FALSE);
  ob::InsertOptions options;
  options.desired_access = access;
  RING3_TRY_ASSIGN(ob::Inserted inserted, ob::InsertObject(object, attributes, options));
  if (initial_owner && inserted.status == STATUS_SUCCESS) {
    LARGE_INTEGER now = {};
    KeWaitForSingleObject(inserted.object, UserRequest, KernelMode, FALSE, &now);
  }
  *handle = inserted.handle;
  ob::Dereference(inserted.object);
  return inserted.status;
}

NTSTATUS ZwOpenMutant(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  ke::ServiceScope scope(KernelMode);
  return Open(ob::g_mutant_type, handle, access, attributes);
}

// STATUS_MUTANT_NOT_OWNED.
NTSTATUS ZwReleaseMutant(HANDLE handle, PLONG previous) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto mutant, Use<KMUTANT>(handle, MUTANT_QUERY_STATE, ob::g_mutant_type));
  // Only the owner can make itself the owner, so that nothing changes between the look and the release.
  if (mutant->OwnerThread != ke::CurrentThread()) return STATUS_MUTANT_NOT_OWNED;
  Store(previous, KeReleaseMutant(mutant.get(), SEMAPHORE_INCREMENT, FALSE, FALSE));
  return STATUS_SUCCESS;
}

// STATUS_INVALID_PARAMETER when the counts make no sense.
NTSTATUS ZwCreateSemaphore(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, LONG initial,
                           LONG maximum) {
  ke::ServiceScope scope(KernelMode);
  if (maximum <= 0 || initial < 0 || initial > maximum) return STATUS_INVALID_PARAMETER;
  return Create<KSEMAPHORE>(ob::g_semaphore_type, handle, access, attributes,
                            [&](PKSEMAPHORE semaphore) { KeInitializeSemaphore(semaphore, initial, maximum); });
}

NTSTATUS ZwOpenSemaphore(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  ke::ServiceScope scope(KernelMode);
  return Open(ob::g_semaphore_type, handle, access, attributes);
}

// STATUS_SEMAPHORE_LIMIT_EXCEEDED, STATUS_INVALID_PARAMETER.
NTSTATUS ZwReleaseSemaphore(HANDLE handle, LONG count, PLONG previous) {
  ke::ServiceScope scope(KernelMode);
  if (count <= 0) return STATUS_INVALID_PARAMETER;
  RING3_TRY_ASSIGN(auto semaphore, Use<KSEMAPHORE>(handle, SEMAPHORE_MODIFY_STATE, ob::g_semaphore_type));
  // KeReleaseSemaphore raises where this service returns a status: look first, with other releases held off.
  SpinLockGuard guard(g_release_lock);
  if (count > semaphore->Limit - KeReadStateSemaphore(semaphore.get())) return STATUS_SEMAPHORE_LIMIT_EXCEEDED;
  Store(previous, KeReleaseSemaphore(semaphore.get(), SEMAPHORE_INCREMENT, count, FALSE));
  return STATUS_SUCCESS;
}

NTSTATUS ZwCreateTimer(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, TIMER_TYPE type) {
  ke::ServiceScope scope(KernelMode);
  if (type != NotificationTimer && type != SynchronizationTimer) return STATUS_INVALID_PARAMETER;
  return Create<KTIMER>(ob::g_timer_type, handle, access, attributes,
                        [&](PKTIMER timer) { KeInitializeTimerEx(timer, type); });
}

NTSTATUS ZwOpenTimer(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  ke::ServiceScope scope(KernelMode);
  return Open(ob::g_timer_type, handle, access, attributes);
}

// `due_time` in 100 ns units, negative for relative; `period` in milliseconds. Timer APCs are not supported:
// STATUS_NOT_SUPPORTED. STATUS_INVALID_PARAMETER for a negative period.
NTSTATUS ZwSetTimer(HANDLE handle, PLARGE_INTEGER due_time, PTIMER_APC_ROUTINE apc_routine, PVOID, BOOLEAN,
                    LONG period, PBOOLEAN previous) {
  ke::ServiceScope scope(KernelMode);
  if (period < 0) return STATUS_INVALID_PARAMETER;
  if (apc_routine != nullptr) return STATUS_NOT_SUPPORTED;
  RING3_TRY_ASSIGN(auto timer, Use<KTIMER>(handle, TIMER_MODIFY_STATE, ob::g_timer_type));
  Store(previous, KeReadStateTimer(timer.get()));
  KeSetTimerEx(timer.get(), *due_time, period, nullptr);
  return STATUS_SUCCESS;
}

NTSTATUS ZwCancelTimer(HANDLE handle, PBOOLEAN state) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto timer, Use<KTIMER>(handle, TIMER_MODIFY_STATE, ob::g_timer_type));
  KeCancelTimer(timer.get());
  Store(state, KeReadStateTimer(timer.get()));
  return STATUS_SUCCESS;
}

// STATUS_SUCCESS, STATUS_TIMEOUT, STATUS_ALERTED, STATUS_USER_APC, STATUS_ABANDONED, STATUS_INVALID_HANDLE,
// STATUS_OBJECT_TYPE_MISMATCH (nothing to wait for). `timeout` as KeWaitForSingleObject's. nf-ntifs-zwwaitforsingleobject
NTSTATUS ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto object, Use<void>(handle, SYNCHRONIZE, nullptr));
  void* dispatcher = ob::DispatcherOf(object.get());
  if (dispatcher == nullptr) return STATUS_OBJECT_TYPE_MISMATCH;
  return KeWaitForSingleObject(dispatcher, UserRequest, KernelMode, alertable, timeout);
}

// STATUS_INVALID_PARAMETER_1 for no handles or more than MAXIMUM_WAIT_OBJECTS.
NTSTATUS ZwWaitForMultipleObjects(ULONG count, HANDLE handles[], WAIT_TYPE wait_type, BOOLEAN alertable,
                                  PLARGE_INTEGER timeout) {
  ke::ServiceScope scope(KernelMode);
  if (count == 0 || count > MAXIMUM_WAIT_OBJECTS) return STATUS_INVALID_PARAMETER_1;
  ob::Ref<void> objects[MAXIMUM_WAIT_OBJECTS];
  void* dispatchers[MAXIMUM_WAIT_OBJECTS];
  for (ULONG i = 0; i < count; ++i) {
    RING3_TRY_ASSIGN(objects[i], Use<void>(handles[i], SYNCHRONIZE, nullptr));
    dispatchers[i] = ob::DispatcherOf(objects[i].get());
    if (dispatchers[i] == nullptr) return STATUS_OBJECT_TYPE_MISMATCH;
  }
  KWAIT_BLOCK blocks[MAXIMUM_WAIT_OBJECTS];
  return KeWaitForMultipleObjects(count, dispatchers, wait_type, UserRequest, KernelMode, alertable, timeout, blocks);
}

}  // extern "C"

RING3_NT_SERVICE(CreateEvent);
RING3_NT_SERVICE(OpenEvent);
RING3_NT_SERVICE(SetEvent);
RING3_NT_SERVICE(ResetEvent);
RING3_NT_SERVICE(ClearEvent);
RING3_NT_SERVICE(PulseEvent);
RING3_NT_SERVICE(QueryEvent);
RING3_NT_SERVICE(CreateMutant);
RING3_NT_SERVICE(OpenMutant);
RING3_NT_SERVICE(ReleaseMutant);
RING3_NT_SERVICE(CreateSemaphore);
RING3_NT_SERVICE(OpenSemaphore);
RING3_NT_SERVICE(ReleaseSemaphore);
RING3_NT_SERVICE(CreateTimer);
RING3_NT_SERVICE(OpenTimer);
RING3_NT_SERVICE(SetTimer);
RING3_NT_SERVICE(CancelTimer);
RING3_NT_SERVICE(WaitForSingleObject);
RING3_NT_SERVICE(WaitForMultipleObjects);
