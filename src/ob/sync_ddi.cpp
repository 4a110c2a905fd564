// SPDX-License-Identifier: MIT
// Events, mutants, semaphores and timers with handles, and waits on handles, as drivers call them.
#include "ob/service.h"
#include "ob/sync.h"

using namespace ring3;

extern "C" {

// STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_NAME_EXISTS (OBJ_OPENIF), STATUS_INVALID_PARAMETER.
// PASSIVE_LEVEL. nf-ntifs-zwcreateevent
NTSTATUS ZwCreateEvent(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, EVENT_TYPE type,
                       BOOLEAN initial_state) {
  ke::ServiceScope scope(KernelMode);
  return ob::CreateEvent(KernelMode, handle, access, attributes, type, initial_state);
}

// nf-wdm-zwopenevent
NTSTATUS ZwOpenEvent(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  ke::ServiceScope scope(KernelMode);
  return ob::OpenEvent(KernelMode, handle, access, attributes);
}

// nf-ntifs-zwsetevent
NTSTATUS ZwSetEvent(HANDLE handle, PLONG previous) {
  ke::ServiceScope scope(KernelMode);
  return ob::SetEvent(KernelMode, handle, previous);
}

NTSTATUS ZwResetEvent(HANDLE handle, PLONG previous) {
  ke::ServiceScope scope(KernelMode);
  return ob::ResetEvent(KernelMode, handle, previous);
}

NTSTATUS ZwClearEvent(HANDLE handle) {
  ke::ServiceScope scope(KernelMode);
  return ob::ClearEvent(KernelMode, handle);
}

NTSTATUS ZwPulseEvent(HANDLE handle, PLONG previous) {
  ke::ServiceScope scope(KernelMode);
  return ob::PulseEvent(KernelMode, handle, previous);
}

NTSTATUS ZwQueryEvent(HANDLE handle, EVENT_INFORMATION_CLASS information_class, PVOID information,
                      ULONG length, PULONG return_length) {
  ke::ServiceScope scope(KernelMode);
  return ob::QueryEvent(KernelMode, handle, information_class, information, length, return_length);
}

NTSTATUS ZwCreateMutant(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                        BOOLEAN initial_owner) {
  ke::ServiceScope scope(KernelMode);
  return ob::CreateMutant(KernelMode, handle, access, attributes, initial_owner);
}

NTSTATUS ZwOpenMutant(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  ke::ServiceScope scope(KernelMode);
  return ob::OpenMutant(KernelMode, handle, access, attributes);
}

// STATUS_MUTANT_NOT_OWNED.
NTSTATUS ZwReleaseMutant(HANDLE handle, PLONG previous) {
  ke::ServiceScope scope(KernelMode);
  return ob::ReleaseMutant(KernelMode, handle, previous);
}

// STATUS_INVALID_PARAMETER when the counts make no sense.
NTSTATUS ZwCreateSemaphore(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, LONG initial,
                           LONG maximum) {
  ke::ServiceScope scope(KernelMode);
  return ob::CreateSemaphore(KernelMode, handle, access, attributes, initial, maximum);
}

NTSTATUS ZwOpenSemaphore(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  ke::ServiceScope scope(KernelMode);
  return ob::OpenSemaphore(KernelMode, handle, access, attributes);
}

// STATUS_SEMAPHORE_LIMIT_EXCEEDED, STATUS_INVALID_PARAMETER.
NTSTATUS ZwReleaseSemaphore(HANDLE handle, LONG count, PLONG previous) {
  ke::ServiceScope scope(KernelMode);
  return ob::ReleaseSemaphore(KernelMode, handle, count, previous);
}

NTSTATUS ZwCreateTimer(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, TIMER_TYPE type) {
  ke::ServiceScope scope(KernelMode);
  return ob::CreateTimer(KernelMode, handle, access, attributes, type);
}

NTSTATUS ZwOpenTimer(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  ke::ServiceScope scope(KernelMode);
  return ob::OpenTimer(KernelMode, handle, access, attributes);
}

// `due_time` in 100 ns units, negative for relative; `period` in milliseconds. Timer APCs are not supported:
// STATUS_NOT_SUPPORTED. STATUS_INVALID_PARAMETER for a negative period.
NTSTATUS ZwSetTimer(HANDLE handle, PLARGE_INTEGER due_time, PTIMER_APC_ROUTINE apc_routine, PVOID apc_context,
                    BOOLEAN resume, LONG period, PBOOLEAN previous) {
  ke::ServiceScope scope(KernelMode);
  return ob::SetTimer(KernelMode, handle, due_time, apc_routine, apc_context, resume, period, previous);
}

NTSTATUS ZwCancelTimer(HANDLE handle, PBOOLEAN state) {
  ke::ServiceScope scope(KernelMode);
  return ob::CancelTimer(KernelMode, handle, state);
}

// STATUS_SUCCESS, STATUS_TIMEOUT, STATUS_ALERTED, STATUS_USER_APC, STATUS_ABANDONED, STATUS_INVALID_HANDLE,
// STATUS_OBJECT_TYPE_MISMATCH (nothing to wait for). `timeout` as KeWaitForSingleObject's.
// nf-ntifs-zwwaitforsingleobject
NTSTATUS ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout) {
  ke::ServiceScope scope(KernelMode);
  return ob::WaitForSingleObject(KernelMode, handle, alertable, timeout);
}

// STATUS_INVALID_PARAMETER_1 for no handles or more than MAXIMUM_WAIT_OBJECTS.
NTSTATUS ZwWaitForMultipleObjects(ULONG count, HANDLE handles[], WAIT_TYPE wait_type, BOOLEAN alertable,
                                  PLARGE_INTEGER timeout) {
  ke::ServiceScope scope(KernelMode);
  return ob::WaitForMultipleObjects(KernelMode, count, handles, wait_type, alertable, timeout);
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
