// SPDX-License-Identifier: MIT
// The kernel's part of ntifs.h, beyond ntddk.h.
#ifndef RING3_DDI_KE_NTIFS_H
#define RING3_DDI_KE_NTIFS_H

#include <ddi/ke_ntddk.h>

EXTERN_C_START

typedef struct _KQUEUE {
  DISPATCHER_HEADER Header;
  LIST_ENTRY EntryListHead;
  volatile ULONG CurrentCount;
  ULONG MaximumCount;
  LIST_ENTRY ThreadListHead;
} KQUEUE, *PKQUEUE, *PRKQUEUE;
NTKERNELAPI VOID NTAPI KeInitializeQueue(PRKQUEUE Queue, ULONG Count);
NTKERNELAPI LONG NTAPI KeInsertQueue(PRKQUEUE Queue, PLIST_ENTRY Entry);
NTKERNELAPI LONG NTAPI KeInsertHeadQueue(PRKQUEUE Queue, PLIST_ENTRY Entry);
NTKERNELAPI PLIST_ENTRY NTAPI KeRemoveQueue(PRKQUEUE Queue, KPROCESSOR_MODE WaitMode, PLARGE_INTEGER Timeout);
NTKERNELAPI PLIST_ENTRY NTAPI KeRundownQueue(PRKQUEUE Queue);
NTKERNELAPI LONG NTAPI KeReadStateQueue(PRKQUEUE Queue);

NTKERNELAPI VOID NTAPI KeInitializeMutant(PRKMUTANT Mutant, BOOLEAN InitialOwner);
NTKERNELAPI LONG NTAPI KeReleaseMutant(PRKMUTANT Mutant, KPRIORITY Increment, BOOLEAN Abandoned, BOOLEAN Wait);
NTKERNELAPI LONG NTAPI KeReadStateMutant(PRKMUTANT Mutant);

NTKERNELAPI VOID NTAPI KeAttachProcess(PRKPROCESS Process);
NTKERNELAPI VOID NTAPI KeDetachProcess(VOID);
NTKERNELAPI VOID NTAPI KeStackAttachProcess(PRKPROCESS Process, PRKAPC_STATE ApcState);
NTKERNELAPI VOID NTAPI KeUnstackDetachProcess(PRKAPC_STATE ApcState);
NTKERNELAPI UCHAR NTAPI KeSetIdealProcessorThread(PKTHREAD Thread, UCHAR Processor);
NTKERNELAPI BOOLEAN NTAPI KeSetKernelStackSwapEnable(BOOLEAN Enable);

// Windows exports these without documenting them; many drivers declare and call them.
typedef enum _KAPC_ENVIRONMENT {
  OriginalApcEnvironment,
  AttachedApcEnvironment,
  CurrentApcEnvironment,
  InsertApcEnvironment
} KAPC_ENVIRONMENT;
NTKERNELAPI VOID NTAPI KeInitializeApc(PRKAPC Apc, PKTHREAD Thread, KAPC_ENVIRONMENT Environment,
                                       PKKERNEL_ROUTINE KernelRoutine, PKRUNDOWN_ROUTINE RundownRoutine,
                                       PKNORMAL_ROUTINE NormalRoutine, KPROCESSOR_MODE ApcMode, PVOID NormalContext);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PRKAPC Apc, PVOID SystemArgument1, PVOID SystemArgument2,
                                           KPRIORITY Increment);
NTKERNELAPI BOOLEAN NTAPI KeRemoveQueueApc(PRKAPC Apc);
NTKERNELAPI BOOLEAN NTAPI KeAlertThread(PKTHREAD Thread, KPROCESSOR_MODE AlertMode);
NTKERNELAPI BOOLEAN NTAPI KeTestAlertThread(KPROCESSOR_MODE AlertMode);

EXTERN_C_END

#if defined(__cplusplus) && !defined(RING3_EXECUTIVE)
// C++ drivers pass process and thread objects where the kernel's part of them is declared.
extern "C++" {
FORCEINLINE void KeStackAttachProcess(PEPROCESS process, PRKAPC_STATE apc_state) {
  KeStackAttachProcess((PRKPROCESS)process, apc_state);
}
FORCEINLINE void KeAttachProcess(PEPROCESS process) { KeAttachProcess((PRKPROCESS)process); }
FORCEINLINE void KeInitializeApc(PRKAPC apc, PETHREAD thread, KAPC_ENVIRONMENT environment, PKKERNEL_ROUTINE kernel,
                                 PKRUNDOWN_ROUTINE rundown, PKNORMAL_ROUTINE normal, KPROCESSOR_MODE mode,
                                 PVOID context) {
  KeInitializeApc(apc, (PKTHREAD)thread, environment, kernel, rundown, normal, mode, context);
}
}
#endif
#endif
