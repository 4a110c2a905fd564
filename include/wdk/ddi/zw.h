// SPDX-License-Identifier: MIT
// System services that drivers call, except those on files (zw_file.h), with everything they take.
// Declared here for wdm.h, ntddk.h and ntifs.h alike: a driver that includes only wdm.h sees more than on Windows.
#ifndef RING3_DDI_ZW_H
#define RING3_DDI_ZW_H

#include <ddi/cm.h>
#include <ddi/io_file.h>
#include <ddi/ob_ntifs.h>
#include <ddi/ps_ntddk.h>
#include <ddi/se_ntifs.h>

EXTERN_C_START

#ifndef RING3_SECTION_INHERIT_DEFINED
#define RING3_SECTION_INHERIT_DEFINED
typedef enum _SECTION_INHERIT { ViewShare = 1, ViewUnmap = 2 } SECTION_INHERIT;
#endif
// The page of ZwOpenDirectoryObject declares its companion's record only in prose.
typedef struct _OBJECT_DIRECTORY_INFORMATION {
  UNICODE_STRING Name;
  UNICODE_STRING TypeName;
} OBJECT_DIRECTORY_INFORMATION, *POBJECT_DIRECTORY_INFORMATION;
typedef enum _EVENT_INFORMATION_CLASS { EventBasicInformation } EVENT_INFORMATION_CLASS;
typedef struct _EVENT_BASIC_INFORMATION {
  EVENT_TYPE EventType;
  LONG EventState;
} EVENT_BASIC_INFORMATION, *PEVENT_BASIC_INFORMATION;

// What no page describes is declared for the executive only, so that drivers can declare it themselves.
// Declares the Zw and the Nt form of a service. Drivers call either; both are the kernel-mode entry here.
#define RING3_SERVICE(Name, Parameters)         \
  NTSYSAPI NTSTATUS NTAPI Zw##Name Parameters;  \
  NTSYSCALLAPI NTSTATUS NTAPI Nt##Name Parameters

// Objects.
RING3_SERVICE(Close, (_In_ HANDLE Handle));
RING3_SERVICE(DuplicateObject,
              (_In_ HANDLE SourceProcessHandle, _In_ HANDLE SourceHandle, _In_opt_ HANDLE TargetProcessHandle,
               _Out_opt_ PHANDLE TargetHandle, _In_ ACCESS_MASK DesiredAccess, _In_ ULONG HandleAttributes,
               _In_ ULONG Options));
RING3_SERVICE(MakeTemporaryObject, (_In_ HANDLE Handle));
RING3_SERVICE(QueryObject,
              (_In_opt_ HANDLE Handle, _In_ OBJECT_INFORMATION_CLASS ObjectInformationClass,
               _Out_opt_ PVOID ObjectInformation, _In_ ULONG ObjectInformationLength, _Out_opt_ PULONG ReturnLength));
RING3_SERVICE(QuerySecurityObject,
              (_In_ HANDLE Handle, _In_ SECURITY_INFORMATION SecurityInformation,
               _Out_ PSECURITY_DESCRIPTOR SecurityDescriptor, _In_ ULONG Length, _Out_ PULONG LengthNeeded));
RING3_SERVICE(SetSecurityObject, (_In_ HANDLE Handle, _In_ SECURITY_INFORMATION SecurityInformation,
                                  _In_ PSECURITY_DESCRIPTOR SecurityDescriptor));
RING3_SERVICE(CreateDirectoryObject, (_Out_ PHANDLE DirectoryHandle, _In_ ACCESS_MASK DesiredAccess,
                                      _In_ POBJECT_ATTRIBUTES ObjectAttributes));
RING3_SERVICE(OpenDirectoryObject, (_Out_ PHANDLE DirectoryHandle, _In_ ACCESS_MASK DesiredAccess,
                                    _In_ POBJECT_ATTRIBUTES ObjectAttributes));
RING3_SERVICE(QueryDirectoryObject,
              (_In_ HANDLE DirectoryHandle, _Out_opt_ PVOID Buffer, _In_ ULONG Length, _In_ BOOLEAN ReturnSingleEntry,
               _In_ BOOLEAN RestartScan, _Inout_ PULONG Context, _Out_opt_ PULONG ReturnLength));
RING3_SERVICE(CreateSymbolicLinkObject, (_Out_ PHANDLE LinkHandle, _In_ ACCESS_MASK DesiredAccess,
                                         _In_ POBJECT_ATTRIBUTES ObjectAttributes, _In_ PUNICODE_STRING LinkTarget));
RING3_SERVICE(OpenSymbolicLinkObject,
              (_Out_ PHANDLE LinkHandle, _In_ ACCESS_MASK DesiredAccess, _In_ POBJECT_ATTRIBUTES ObjectAttributes));
RING3_SERVICE(QuerySymbolicLinkObject,
              (_In_ HANDLE LinkHandle, _Inout_ PUNICODE_STRING LinkTarget, _Out_opt_ PULONG ReturnedLength));
RING3_SERVICE(AllocateLocallyUniqueId, (_Out_ PLUID Luid));

// Dispatcher objects with handles.
RING3_SERVICE(CreateEvent, (_Out_ PHANDLE EventHandle, _In_ ACCESS_MASK DesiredAccess,
                            _In_opt_ POBJECT_ATTRIBUTES ObjectAttributes, _In_ EVENT_TYPE EventType,
                            _In_ BOOLEAN InitialState));
RING3_SERVICE(OpenEvent, (_Out_ PHANDLE EventHandle, _In_ ACCESS_MASK DesiredAccess,
                          _In_ POBJECT_ATTRIBUTES ObjectAttributes));
RING3_SERVICE(SetEvent, (_In_ HANDLE EventHandle, _Out_opt_ PLONG PreviousState));
RING3_SERVICE(ResetEvent, (_In_ HANDLE EventHandle, _Out_opt_ PLONG PreviousState));
RING3_SERVICE(ClearEvent, (_In_ HANDLE EventHandle));
RING3_SERVICE(PulseEvent, (_In_ HANDLE EventHandle, _Out_opt_ PLONG PreviousState));
#ifdef RING3_EXECUTIVE
RING3_SERVICE(QueryEvent, (_In_ HANDLE EventHandle, _In_ EVENT_INFORMATION_CLASS EventInformationClass,
                           _Out_ PVOID EventInformation, _In_ ULONG EventInformationLength,
                           _Out_opt_ PULONG ReturnLength));
RING3_SERVICE(CreateMutant, (_Out_ PHANDLE MutantHandle, _In_ ACCESS_MASK DesiredAccess,
                             _In_opt_ POBJECT_ATTRIBUTES ObjectAttributes, _In_ BOOLEAN InitialOwner));
RING3_SERVICE(OpenMutant, (_Out_ PHANDLE MutantHandle, _In_ ACCESS_MASK DesiredAccess,
                           _In_ POBJECT_ATTRIBUTES ObjectAttributes));
RING3_SERVICE(ReleaseMutant, (_In_ HANDLE MutantHandle, _Out_opt_ PLONG PreviousCount));
RING3_SERVICE(CreateSemaphore, (_Out_ PHANDLE SemaphoreHandle, _In_ ACCESS_MASK DesiredAccess,
                                _In_opt_ POBJECT_ATTRIBUTES ObjectAttributes, _In_ LONG InitialCount,
                                _In_ LONG MaximumCount));
RING3_SERVICE(OpenSemaphore, (_Out_ PHANDLE SemaphoreHandle, _In_ ACCESS_MASK DesiredAccess,
                              _In_ POBJECT_ATTRIBUTES ObjectAttributes));
RING3_SERVICE(ReleaseSemaphore,
              (_In_ HANDLE SemaphoreHandle, _In_ LONG ReleaseCount, _Out_opt_ PLONG PreviousCount));
RING3_SERVICE(CreateTimer, (_Out_ PHANDLE TimerHandle, _In_ ACCESS_MASK DesiredAccess,
                            _In_opt_ POBJECT_ATTRIBUTES ObjectAttributes, _In_ TIMER_TYPE TimerType));
RING3_SERVICE(OpenTimer, (_Out_ PHANDLE TimerHandle, _In_ ACCESS_MASK DesiredAccess,
                          _In_ POBJECT_ATTRIBUTES ObjectAttributes));
typedef VOID (*PTIMER_APC_ROUTINE)(_In_ PVOID TimerContext, _In_ ULONG TimerLowValue, _In_ LONG TimerHighValue);
RING3_SERVICE(SetTimer, (_In_ HANDLE TimerHandle, _In_ PLARGE_INTEGER DueTime,
                         _In_opt_ PTIMER_APC_ROUTINE TimerApcRoutine, _In_opt_ PVOID TimerContext,
                         _In_ BOOLEAN ResumeTimer, _In_opt_ LONG Period, _Out_opt_ PBOOLEAN PreviousState));
RING3_SERVICE(CancelTimer, (_In_ HANDLE TimerHandle, _Out_opt_ PBOOLEAN CurrentState));
#endif
RING3_SERVICE(WaitForSingleObject,
              (_In_ HANDLE Handle, _In_ BOOLEAN Alertable, _In_opt_ PLARGE_INTEGER Timeout));
RING3_SERVICE(WaitForMultipleObjects,
              (_In_ ULONG Count, _In_ HANDLE Handles[], _In_ WAIT_TYPE WaitType, _In_ BOOLEAN Alertable,
               _In_opt_ PLARGE_INTEGER Timeout));

// Sections and virtual memory.
RING3_SERVICE(CreateSection, (_Out_ PHANDLE SectionHandle, _In_ ACCESS_MASK DesiredAccess,
                              _In_opt_ POBJECT_ATTRIBUTES ObjectAttributes, _In_opt_ PLARGE_INTEGER MaximumSize,
                              _In_ ULONG SectionPageProtection, _In_ ULONG AllocationAttributes,
                              _In_opt_ HANDLE FileHandle));
RING3_SERVICE(OpenSection, (_Out_ PHANDLE SectionHandle, _In_ ACCESS_MASK DesiredAccess,
                            _In_ POBJECT_ATTRIBUTES ObjectAttributes));
RING3_SERVICE(MapViewOfSection,
              (_In_ HANDLE SectionHandle, _In_ HANDLE ProcessHandle, _Inout_ PVOID* BaseAddress,
               _In_ ULONG_PTR ZeroBits, _In_ SIZE_T CommitSize, _Inout_opt_ PLARGE_INTEGER SectionOffset,
               _Inout_ PSIZE_T ViewSize, _In_ SECTION_INHERIT InheritDisposition, _In_ ULONG AllocationType,
               _In_ ULONG Win32Protect));
RING3_SERVICE(UnmapViewOfSection, (_In_ HANDLE ProcessHandle, _In_opt_ PVOID BaseAddress));
RING3_SERVICE(AllocateVirtualMemory,
              (_In_ HANDLE ProcessHandle, _Inout_ PVOID* BaseAddress, _In_ ULONG_PTR ZeroBits,
               _Inout_ PSIZE_T RegionSize, _In_ ULONG AllocationType, _In_ ULONG Protect));
RING3_SERVICE(FreeVirtualMemory, (_In_ HANDLE ProcessHandle, _Inout_ PVOID* BaseAddress,
                                  _Inout_ PSIZE_T RegionSize, _In_ ULONG FreeType));

// Processes, threads, tokens.
RING3_SERVICE(OpenProcess, (_Out_ PHANDLE ProcessHandle, _In_ ACCESS_MASK DesiredAccess,
                            _In_ POBJECT_ATTRIBUTES ObjectAttributes, _In_opt_ PCLIENT_ID ClientId));
#ifdef RING3_EXECUTIVE
RING3_SERVICE(OpenThread, (_Out_ PHANDLE ThreadHandle, _In_ ACCESS_MASK DesiredAccess,
                           _In_ POBJECT_ATTRIBUTES ObjectAttributes, _In_opt_ PCLIENT_ID ClientId));
#endif
RING3_SERVICE(TerminateProcess, (_In_opt_ HANDLE ProcessHandle, _In_ NTSTATUS ExitStatus));
#ifdef RING3_EXECUTIVE
RING3_SERVICE(QueryInformationProcess,
              (_In_ HANDLE ProcessHandle, _In_ PROCESSINFOCLASS ProcessInformationClass,
               _Out_opt_ PVOID ProcessInformation, _In_ ULONG ProcessInformationLength,
               _Out_opt_ PULONG ReturnLength));
#endif
RING3_SERVICE(SetInformationThread, (_In_ HANDLE ThreadHandle, _In_ THREADINFOCLASS ThreadInformationClass,
                                     _In_ PVOID ThreadInformation, _In_ ULONG ThreadInformationLength));
RING3_SERVICE(OpenProcessToken,
              (_In_ HANDLE ProcessHandle, _In_ ACCESS_MASK DesiredAccess, _Out_ PHANDLE TokenHandle));
RING3_SERVICE(OpenProcessTokenEx, (_In_ HANDLE ProcessHandle, _In_ ACCESS_MASK DesiredAccess,
                                   _In_ ULONG HandleAttributes, _Out_ PHANDLE TokenHandle));
RING3_SERVICE(QueryInformationToken,
              (_In_ HANDLE TokenHandle, _In_ TOKEN_INFORMATION_CLASS TokenInformationClass,
               _Out_opt_ PVOID TokenInformation, _In_ ULONG TokenInformationLength, _Out_ PULONG ReturnLength));

// Drivers.
RING3_SERVICE(LoadDriver, (_In_ PUNICODE_STRING DriverServiceName));
RING3_SERVICE(UnloadDriver, (_In_ PUNICODE_STRING DriverServiceName));

// The registry.
RING3_SERVICE(CreateKey, (_Out_ PHANDLE KeyHandle, _In_ ACCESS_MASK DesiredAccess,
                          _In_ POBJECT_ATTRIBUTES ObjectAttributes, _Reserved_ ULONG TitleIndex,
                          _In_opt_ PUNICODE_STRING Class, _In_ ULONG CreateOptions, _Out_opt_ PULONG Disposition));
RING3_SERVICE(OpenKey, (_Out_ PHANDLE KeyHandle, _In_ ACCESS_MASK DesiredAccess,
                        _In_ POBJECT_ATTRIBUTES ObjectAttributes));
RING3_SERVICE(OpenKeyEx, (_Out_ PHANDLE KeyHandle, _In_ ACCESS_MASK DesiredAccess,
                          _In_ POBJECT_ATTRIBUTES ObjectAttributes, _In_ ULONG OpenOptions));
RING3_SERVICE(DeleteKey, (_In_ HANDLE KeyHandle));
RING3_SERVICE(DeleteValueKey, (_In_ HANDLE KeyHandle, _In_ PUNICODE_STRING ValueName));
RING3_SERVICE(EnumerateKey, (_In_ HANDLE KeyHandle, _In_ ULONG Index, _In_ KEY_INFORMATION_CLASS KeyInformationClass,
                             _Out_opt_ PVOID KeyInformation, _In_ ULONG Length, _Out_ PULONG ResultLength));
RING3_SERVICE(EnumerateValueKey,
              (_In_ HANDLE KeyHandle, _In_ ULONG Index, _In_ KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
               _Out_opt_ PVOID KeyValueInformation, _In_ ULONG Length, _Out_ PULONG ResultLength));
RING3_SERVICE(FlushKey, (_In_ HANDLE KeyHandle));
RING3_SERVICE(QueryKey, (_In_ HANDLE KeyHandle, _In_ KEY_INFORMATION_CLASS KeyInformationClass,
                         _Out_opt_ PVOID KeyInformation, _In_ ULONG Length, _Out_ PULONG ResultLength));
RING3_SERVICE(QueryValueKey, (_In_ HANDLE KeyHandle, _In_ PUNICODE_STRING ValueName,
                              _In_ KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                              _Out_opt_ PVOID KeyValueInformation, _In_ ULONG Length, _Out_ PULONG ResultLength));
RING3_SERVICE(SetValueKey, (_In_ HANDLE KeyHandle, _In_ PUNICODE_STRING ValueName, _In_opt_ ULONG TitleIndex,
                            _In_ ULONG Type, _In_opt_ PVOID Data, _In_ ULONG DataSize));
RING3_SERVICE(SetInformationKey,
              (_In_ HANDLE KeyHandle, _In_ KEY_SET_INFORMATION_CLASS KeySetInformationClass,
               _In_ PVOID KeySetInformation, _In_ ULONG KeySetInformationLength));
RING3_SERVICE(NotifyChangeKey,
              (_In_ HANDLE KeyHandle, _In_opt_ HANDLE Event, _In_opt_ PIO_APC_ROUTINE ApcRoutine,
               _In_opt_ PVOID ApcContext, _Out_ PIO_STATUS_BLOCK IoStatusBlock, _In_ ULONG CompletionFilter,
               _In_ BOOLEAN WatchTree, _Out_opt_ PVOID Buffer, _In_ ULONG BufferSize, _In_ BOOLEAN Asynchronous));

EXTERN_C_END

#endif
