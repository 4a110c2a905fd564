// SPDX-License-Identifier: MIT
#pragma once

// The system services: the one door between an application and the executive. An application's library calls
// them through a table, which is the executive's own (embedded) or one of stubs over a channel (separate
// processes).
//
// Included after <ntifs.h> (the executive's side) or <winternl.h> (the application's): both declare the
// types. Enumerations travel as ULONG. All pointers are the application's and are not trusted.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/using-nt-and-zw-versions-of-the-native-system-services-routines

// clang-format off
#define RING3_NT_SERVICES(X)                                                                                         \
  X(NtCreateFile, (PHANDLE file_handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes,                   \
                   PIO_STATUS_BLOCK io_status, PLARGE_INTEGER allocation_size, ULONG file_attributes,                \
                   ULONG share_access, ULONG disposition, ULONG create_options, PVOID ea_buffer, ULONG ea_length))   \
  X(NtDeviceIoControlFile, (HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context,                       \
                            PIO_STATUS_BLOCK io_status, ULONG code, PVOID input, ULONG input_byte_count,             \
                            PVOID output, ULONG output_byte_count))                                                  \
  X(NtReadFile, (HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context, PIO_STATUS_BLOCK io_status,      \
                 PVOID buffer, ULONG byte_count, PLARGE_INTEGER byte_offset, PULONG key))                            \
  X(NtWriteFile, (HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context, PIO_STATUS_BLOCK io_status,     \
                  PVOID buffer, ULONG byte_count, PLARGE_INTEGER byte_offset, PULONG key))                           \
  X(NtFlushBuffersFile, (HANDLE file, PIO_STATUS_BLOCK io_status))                                                   \
  X(NtQueryInformationFile, (HANDLE file, PIO_STATUS_BLOCK io_status, PVOID information, ULONG byte_count,           \
                             ULONG information_class))                                                               \
  X(NtSetInformationFile, (HANDLE file, PIO_STATUS_BLOCK io_status, PVOID information, ULONG byte_count,             \
                           ULONG information_class))                                                                 \
  X(NtQueryVolumeInformationFile, (HANDLE file, PIO_STATUS_BLOCK io_status, PVOID information, ULONG byte_count,     \
                                   ULONG information_class))                                                         \
  X(NtCancelIoFile, (HANDLE file, PIO_STATUS_BLOCK io_status))                                                       \
  X(NtCancelIoFileEx, (HANDLE file, PIO_STATUS_BLOCK io_request, PIO_STATUS_BLOCK io_status))                        \
  X(NtCancelSynchronousIoFile, (HANDLE thread, PIO_STATUS_BLOCK io_request, PIO_STATUS_BLOCK io_status))             \
  X(NtClose, (HANDLE handle))                                                                                        \
  X(NtDuplicateObject, (HANDLE source_process, HANDLE source, HANDLE target_process, PHANDLE target,                 \
                        ACCESS_MASK desired_access, ULONG attributes, ULONG options))                                \
  X(NtQueryObject, (HANDLE handle, ULONG information_class, PVOID information, ULONG byte_count,                     \
                    PULONG returned_byte_count))                                                                     \
  X(NtSetInformationObject, (HANDLE handle, ULONG information_class, PVOID information, ULONG byte_count))           \
  X(NtOpenDirectoryObject, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes))              \
  X(NtQueryDirectoryObject, (HANDLE directory, PVOID buffer, ULONG byte_count, BOOLEAN single_entry,                 \
                             BOOLEAN restart, PULONG context, PULONG returned_byte_count))                           \
  X(NtOpenSymbolicLinkObject, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes))           \
  X(NtQuerySymbolicLinkObject, (HANDLE link, PUNICODE_STRING target, PULONG returned_byte_count))                    \
  X(NtCreateEvent, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes, ULONG event_type,     \
                    BOOLEAN initial_state))                                                                          \
  X(NtOpenEvent, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes))                        \
  X(NtSetEvent, (HANDLE event, PLONG previous_state))                                                                \
  X(NtResetEvent, (HANDLE event, PLONG previous_state))                                                              \
  X(NtPulseEvent, (HANDLE event, PLONG previous_state))                                                              \
  X(NtCreateMutant, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes,                      \
                     BOOLEAN initial_owner))                                                                         \
  X(NtOpenMutant, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes))                       \
  X(NtReleaseMutant, (HANDLE mutant, PLONG previous_count))                                                          \
  X(NtCreateSemaphore, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes,                   \
                        LONG initial_count, LONG maximum_count))                                                     \
  X(NtOpenSemaphore, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes))                    \
  X(NtReleaseSemaphore, (HANDLE semaphore, LONG release_count, PLONG previous_count))                                \
  X(NtCreateTimer, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes, ULONG timer_type))    \
  X(NtSetTimer, (HANDLE timer, PLARGE_INTEGER due_time, PVOID apc_routine, PVOID apc_context, BOOLEAN resume,        \
                 LONG period_milliseconds, PBOOLEAN previous_state))                                                 \
  X(NtCancelTimer, (HANDLE timer, PBOOLEAN current_state))                                                           \
  X(NtWaitForSingleObject, (HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout))                               \
  X(NtWaitForMultipleObjects, (ULONG count, PHANDLE handles, ULONG wait_type, BOOLEAN alertable,                     \
                               PLARGE_INTEGER timeout))                                                              \
  X(NtDelayExecution, (BOOLEAN alertable, PLARGE_INTEGER interval))                                                  \
  X(NtCreateThreadEx, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes, HANDLE process,    \
                       PVOID start_routine, PVOID argument, ULONG create_flags, SIZE_T stack_byte_count,             \
                       PULONG thread_id))                                                                            \
  X(NtTerminateThread, (HANDLE thread, NTSTATUS exit_status))                                                        \
  X(NtResumeThread, (HANDLE thread, PULONG previous_count))                                                          \
  X(NtQueryInformationThread, (HANDLE thread, ULONG information_class, PVOID information, ULONG byte_count,          \
                               PULONG returned_byte_count))                                                          \
  X(NtQueueApcThread, (HANDLE thread, PVOID routine, PVOID argument1, PVOID argument2, PVOID argument3))             \
  X(NtOpenProcess, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes, PVOID client_id))     \
  X(NtQueryInformationProcess, (HANDLE process, ULONG information_class, PVOID information, ULONG byte_count,        \
                                PULONG returned_byte_count))                                                         \
  X(NtCreateIoCompletion, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes, ULONG count))  \
  X(NtSetIoCompletion, (HANDLE port, PVOID key, PVOID apc_context, NTSTATUS status, ULONG_PTR information))          \
  X(NtRemoveIoCompletion, (HANDLE port, PVOID* key, PVOID* apc_context, PIO_STATUS_BLOCK io_status,                  \
                           BOOLEAN alertable, PLARGE_INTEGER timeout))                                               \
  X(NtAllocateVirtualMemory, (HANDLE process, PVOID* base, ULONG_PTR zero_bits, PSIZE_T byte_count,                  \
                              ULONG allocation_type, ULONG protect))                                                 \
  X(NtFreeVirtualMemory, (HANDLE process, PVOID* base, PSIZE_T byte_count, ULONG free_type))                         \
  X(NtProtectVirtualMemory, (HANDLE process, PVOID* base, PSIZE_T byte_count, ULONG new_protect,                     \
                             PULONG old_protect))                                                                    \
  X(NtQueryVirtualMemory, (HANDLE process, PVOID base, ULONG information_class, PVOID information,                   \
                           SIZE_T byte_count, PSIZE_T returned_byte_count))                                          \
  X(NtLoadDriver, (PUNICODE_STRING service_key))                                                                     \
  X(NtUnloadDriver, (PUNICODE_STRING service_key))                                                                   \
  X(NtCreateKey, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes, ULONG title_index,      \
                  PUNICODE_STRING key_class, ULONG create_options, PULONG disposition))                              \
  X(NtOpenKey, (PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes))                          \
  X(NtDeleteKey, (HANDLE key))                                                                                       \
  X(NtSetValueKey, (HANDLE key, PUNICODE_STRING name, ULONG title_index, ULONG type, PVOID data, ULONG byte_count))  \
  X(NtQueryValueKey, (HANDLE key, PUNICODE_STRING name, ULONG information_class, PVOID information,                  \
                      ULONG byte_count, PULONG returned_byte_count))                                                 \
  X(NtDeleteValueKey, (HANDLE key, PUNICODE_STRING name))                                                            \
  X(NtEnumerateKey, (HANDLE key, ULONG index, ULONG information_class, PVOID information, ULONG byte_count,          \
                     PULONG returned_byte_count))
// clang-format on

struct Ring3NtServices {
#define RING3_DECLARE_SERVICE(name, parameters) NTSTATUS(*name) parameters;
  RING3_NT_SERVICES(RING3_DECLARE_SERVICE)
#undef RING3_DECLARE_SERVICE
};

// What the application's library finds in libntoskrnl when it runs embedded.
struct Ring3EmbeddedExecutive {
  const Ring3NtServices* services;
  // Boots from the environment that `ring3 run` sets up; 0, or a process exit status with the reason printed.
  int (*boot_from_environment)();
  // Ends the application's part and brings the executive down. Returns the number of leaks that it reported.
  int (*shutdown)();
  // Unmaps application memory, whole pages: at once, or when a driver has unlocked the last of them. Always
  // callable, as is the next.
  void (*unmap)(void* address, SIZE_T byte_count);
  // Runs `take`, a system call that takes pages away, and returns non-zero; zero where a driver has pages of
  // the range locked.
  int (*run_unless_locked)(void* address, SIZE_T byte_count, void (*take)(void* context), void* context);
};

extern "C" NTKERNELAPI const Ring3EmbeddedExecutive* Ring3GetEmbeddedExecutive();
