// SPDX-License-Identifier: MIT
// Processes and threads: what ntifs.h adds.
#ifndef RING3_DDI_PS_NTIFS_H
#define RING3_DDI_PS_NTIFS_H

#include <ddi/ps_ntddk.h>
#include <ddi/se_ntifs.h>

EXTERN_C_START

NTKERNELAPI NTSTATUS PsLookupProcessByProcessId(_In_ HANDLE ProcessId, _Outptr_ PEPROCESS* Process);
NTKERNELAPI NTSTATUS PsLookupThreadByThreadId(_In_ HANDLE ThreadId, _Outptr_ PETHREAD* Thread);
NTKERNELAPI BOOLEAN PsIsSystemThread(_In_ PETHREAD Thread);
NTKERNELAPI BOOLEAN PsIsSystemProcess(_In_ PEPROCESS Process);
NTKERNELAPI BOOLEAN PsIsThreadTerminating(_In_ PETHREAD Thread);
NTKERNELAPI PEPROCESS PsGetThreadProcess(_In_ PETHREAD Thread);
NTKERNELAPI LARGE_INTEGER PsGetProcessExitTime(VOID);
NTKERNELAPI PACCESS_TOKEN PsReferencePrimaryToken(_Inout_ PEPROCESS Process);
NTKERNELAPI VOID PsDereferencePrimaryToken(_In_ PACCESS_TOKEN PrimaryToken);
NTKERNELAPI PACCESS_TOKEN PsReferenceImpersonationToken(_Inout_ PETHREAD Thread, _Out_ PBOOLEAN CopyOnOpen,
                                                        _Out_ PBOOLEAN EffectiveOnly,
                                                        _Out_ PSECURITY_IMPERSONATION_LEVEL ImpersonationLevel);
NTKERNELAPI VOID PsDereferenceImpersonationToken(_In_ PACCESS_TOKEN ImpersonationToken);
NTKERNELAPI NTSTATUS PsImpersonateClient(_Inout_ PETHREAD Thread, _In_opt_ PACCESS_TOKEN Token,
                                         _In_ BOOLEAN CopyOnOpen, _In_ BOOLEAN EffectiveOnly,
                                         _In_ SECURITY_IMPERSONATION_LEVEL ImpersonationLevel);
NTKERNELAPI VOID PsRevertToSelf(VOID);
NTKERNELAPI VOID PsChargePoolQuota(_In_ PEPROCESS Process, _In_ INT PoolType, _In_ ULONG_PTR Amount);
NTKERNELAPI VOID PsReturnPoolQuota(_In_ PEPROCESS Process, _In_ INT PoolType, _In_ ULONG_PTR Amount);
NTKERNELAPI NTSTATUS SeLocateProcessImageName(_Inout_ PEPROCESS Process, _Outptr_ PUNICODE_STRING* pImageFileName);

// Exported and widely used, though no page describes them.
NTKERNELAPI NTSTATUS PsChargeProcessPoolQuota(_In_ PEPROCESS Process, _In_ INT PoolType, _In_ ULONG_PTR Amount);
NTKERNELAPI ULONG PsGetCurrentProcessSessionId(VOID);
NTKERNELAPI ULONG PsGetProcessSessionId(_In_ PEPROCESS Process);
NTKERNELAPI HANDLE PsGetProcessInheritedFromUniqueProcessId(_In_ PEPROCESS Process);
NTKERNELAPI PCHAR PsGetProcessImageFileName(_In_ PEPROCESS Process);
NTKERNELAPI PVOID PsGetProcessWow64Process(_In_ PEPROCESS Process);
NTKERNELAPI PVOID PsGetProcessPeb(_In_ PEPROCESS Process);
NTKERNELAPI BOOLEAN PsIsProcessBeingDebugged(_In_ PEPROCESS Process);

EXTERN_C_END

#endif
