// SPDX-License-Identifier: MIT
#include <ddi/ke.h>

#include "nt/capture.h"
#include "nt/process_handle.h"
#include "nt/table.h"
#include "nt/user_entry.h"
#include "ob/sync.h"

namespace ring3::nt {
namespace {

// A service that reports a previous state where the application wants it.
template <typename State, typename Service>
NTSTATUS Reporting(State* user, Service service) {
  UserEntry entry;
  if (user != nullptr) RING3_TRY(mm::ProbeUserRange(user, sizeof(*user), alignof(State), mm::Access::kWrite));
  State previous = 0;
  const NTSTATUS status = service(&previous);
  if (!NT_SUCCESS(status)) return status;
  RING3_TRY(WriteOptional(user, previous));
  return status;
}

}  // namespace

NTSTATUS NtCreateEvent(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes,
                       ULONG event_type, BOOLEAN initial_state) {
  return Creating(handle, attributes, [&](PHANDLE made, POBJECT_ATTRIBUTES captured) {
    return ob::CreateEvent(UserMode, made, desired_access, captured, static_cast<EVENT_TYPE>(event_type),
                           initial_state);
  });
}

NTSTATUS NtOpenEvent(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes) {
  return Opening(handle, attributes, [&](PHANDLE made, POBJECT_ATTRIBUTES captured) {
    return ob::OpenEvent(UserMode, made, desired_access, captured);
  });
}

NTSTATUS NtSetEvent(HANDLE event, PLONG previous_state) {
  return Reporting(previous_state, [&](PLONG previous) { return ob::SetEvent(UserMode, event, previous); });
}

NTSTATUS NtResetEvent(HANDLE event, PLONG previous_state) {
  return Reporting(previous_state, [&](PLONG previous) { return ob::ResetEvent(UserMode, event, previous); });
}

NTSTATUS NtPulseEvent(HANDLE event, PLONG previous_state) {
  return Reporting(previous_state, [&](PLONG previous) { return ob::PulseEvent(UserMode, event, previous); });
}

NTSTATUS NtCreateMutant(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes,
                        BOOLEAN initial_owner) {
  return Creating(handle, attributes, [&](PHANDLE made, POBJECT_ATTRIBUTES captured) {
    return ob::CreateMutant(UserMode, made, desired_access, captured, initial_owner);
  });
}

NTSTATUS NtOpenMutant(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes) {
  return Opening(handle, attributes, [&](PHANDLE made, POBJECT_ATTRIBUTES captured) {
    return ob::OpenMutant(UserMode, made, desired_access, captured);
  });
}

NTSTATUS NtReleaseMutant(HANDLE mutant, PLONG previous_count) {
  return Reporting(previous_count,
                   [&](PLONG previous) { return ob::ReleaseMutant(UserMode, mutant, previous); });
}

NTSTATUS NtCreateSemaphore(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes,
                           LONG initial_count, LONG maximum_count) {
  return Creating(handle, attributes, [&](PHANDLE made, POBJECT_ATTRIBUTES captured) {
    return ob::CreateSemaphore(UserMode, made, desired_access, captured, initial_count, maximum_count);
  });
}

NTSTATUS NtOpenSemaphore(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes) {
  return Opening(handle, attributes, [&](PHANDLE made, POBJECT_ATTRIBUTES captured) {
    return ob::OpenSemaphore(UserMode, made, desired_access, captured);
  });
}

NTSTATUS NtReleaseSemaphore(HANDLE semaphore, LONG release_count, PLONG previous_count) {
  return Reporting(previous_count, [&](PLONG previous) {
    return ob::ReleaseSemaphore(UserMode, semaphore, release_count, previous);
  });
}

NTSTATUS NtCreateTimer(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes,
                       ULONG timer_type) {
  return Creating(handle, attributes, [&](PHANDLE made, POBJECT_ATTRIBUTES captured) {
    return ob::CreateTimer(UserMode, made, desired_access, captured, static_cast<TIMER_TYPE>(timer_type));
  });
}

NTSTATUS NtSetTimer(HANDLE timer, PLARGE_INTEGER due_time, PVOID apc_routine, PVOID apc_context,
                    BOOLEAN resume, LONG period_milliseconds, PBOOLEAN previous_state) {
  return Reporting(previous_state, [&](PBOOLEAN previous) -> NTSTATUS {
    LARGE_INTEGER due;
    RING3_TRY(Read(due_time, &due));
    return ob::SetTimer(UserMode, timer, &due, reinterpret_cast<PTIMER_APC_ROUTINE>(apc_routine), apc_context,
                        resume, period_milliseconds, previous);
  });
}

NTSTATUS NtCancelTimer(HANDLE timer, PBOOLEAN current_state) {
  return Reporting(current_state, [&](PBOOLEAN state) { return ob::CancelTimer(UserMode, timer, state); });
}

NTSTATUS NtWaitForSingleObject(HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout) {
  UserEntry entry;
  Optional<LARGE_INTEGER> captured;
  RING3_TRY(captured.Capture(timeout));
  return ob::WaitForSingleObject(UserMode, handle, alertable, captured.get());
}

NTSTATUS NtWaitForMultipleObjects(ULONG count, PHANDLE handles, ULONG wait_type, BOOLEAN alertable,
                                  PLARGE_INTEGER timeout) {
  UserEntry entry;
  if (count == 0 || count > MAXIMUM_WAIT_OBJECTS) return STATUS_INVALID_PARAMETER_1;
  if (wait_type != WaitAll && wait_type != WaitAny) return STATUS_INVALID_PARAMETER_3;
  HANDLE captured_handles[MAXIMUM_WAIT_OBJECTS];
  RING3_TRY(mm::CopyFromUser(captured_handles, handles, count * sizeof(HANDLE)));
  Optional<LARGE_INTEGER> captured;
  RING3_TRY(captured.Capture(timeout));
  return ob::WaitForMultipleObjects(UserMode, count, captured_handles, static_cast<WAIT_TYPE>(wait_type),
                                    alertable, captured.get());
}

NTSTATUS NtDelayExecution(BOOLEAN alertable, PLARGE_INTEGER interval) {
  UserEntry entry;
  LARGE_INTEGER captured;
  RING3_TRY(Read(interval, &captured));
  return KeDelayExecutionThread(UserMode, alertable, &captured);
}

}  // namespace ring3::nt
