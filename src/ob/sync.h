// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/zw.h>

// Events, mutants, semaphores, timers and waits, by handle: what the Zw routines (KernelMode) and an
// application's services (UserMode) both are. Arguments are in kernel memory. `mode` decides about access
// checks and which handles are good. Statuses stand at the definitions.
namespace ring3::ob {

NTSTATUS CreateEvent(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                     EVENT_TYPE type, BOOLEAN initial_state);
NTSTATUS OpenEvent(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes);
NTSTATUS SetEvent(KPROCESSOR_MODE mode, HANDLE handle, PLONG previous);
NTSTATUS ResetEvent(KPROCESSOR_MODE mode, HANDLE handle, PLONG previous);
NTSTATUS ClearEvent(KPROCESSOR_MODE mode, HANDLE handle);
NTSTATUS PulseEvent(KPROCESSOR_MODE mode, HANDLE handle, PLONG previous);
NTSTATUS QueryEvent(KPROCESSOR_MODE mode, HANDLE handle, EVENT_INFORMATION_CLASS information_class,
                    PVOID information, ULONG length, PULONG return_length);
NTSTATUS CreateMutant(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                      BOOLEAN initial_owner);
NTSTATUS OpenMutant(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes);
NTSTATUS ReleaseMutant(KPROCESSOR_MODE mode, HANDLE handle, PLONG previous);
NTSTATUS CreateSemaphore(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                         POBJECT_ATTRIBUTES attributes, LONG initial, LONG maximum);
NTSTATUS OpenSemaphore(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                       POBJECT_ATTRIBUTES attributes);
NTSTATUS ReleaseSemaphore(KPROCESSOR_MODE mode, HANDLE handle, LONG count, PLONG previous);
NTSTATUS CreateTimer(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                     TIMER_TYPE type);
NTSTATUS OpenTimer(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes);
NTSTATUS SetTimer(KPROCESSOR_MODE mode, HANDLE handle, PLARGE_INTEGER due_time,
                  PTIMER_APC_ROUTINE apc_routine, PVOID apc_context, BOOLEAN resume, LONG period,
                  PBOOLEAN previous);
NTSTATUS CancelTimer(KPROCESSOR_MODE mode, HANDLE handle, PBOOLEAN state);
NTSTATUS WaitForSingleObject(KPROCESSOR_MODE mode, HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout);
NTSTATUS WaitForMultipleObjects(KPROCESSOR_MODE mode, ULONG count, HANDLE handles[], WAIT_TYPE wait_type,
                                BOOLEAN alertable, PLARGE_INTEGER timeout);

}  // namespace ring3::ob
