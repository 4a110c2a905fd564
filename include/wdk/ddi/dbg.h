// SPDX-License-Identifier: MIT
// Output to the debugger, break points and assertions.
// https://learn.microsoft.com/windows-hardware/drivers/debugger/reading-and-filtering-debugging-messages
#ifndef RING3_DDI_DBG_H
#define RING3_DDI_DBG_H

#include <stdarg.h>

#include <dpfilter.h>
#include <ntdef.h>

#ifndef DBG
#ifdef NDEBUG
#define DBG 0
#else
#define DBG 1
#endif
#endif

EXTERN_C_START

#define DPFLTR_ERROR_LEVEL 0
#define DPFLTR_WARNING_LEVEL 1
#define DPFLTR_TRACE_LEVEL 2
#define DPFLTR_INFO_LEVEL 3
#define DPFLTR_MASK 0x80000000

NTSYSAPI ULONG DbgPrint(_In_z_ _Printf_format_string_ PCSTR Format, ...);
NTSYSAPI ULONG DbgPrintEx(_In_ ULONG ComponentId, _In_ ULONG Level, _In_z_ _Printf_format_string_ PCSTR Format, ...);
NTSYSAPI ULONG DbgPrintReturnControlC(_In_z_ _Printf_format_string_ PCSTR Format, ...);
NTSYSAPI ULONG NTAPI vDbgPrintEx(_In_ ULONG ComponentId, _In_ ULONG Level, _In_z_ PCCH Format, _In_ va_list arglist);
NTSYSAPI ULONG NTAPI vDbgPrintExWithPrefix(_In_z_ PCCH Prefix, _In_ ULONG ComponentId, _In_ ULONG Level,
                                           _In_z_ PCCH Format, _In_ va_list arglist);
NTSYSAPI NTSTATUS NTAPI DbgQueryDebugFilterState(_In_ ULONG ComponentId, _In_ ULONG Level);
NTSYSAPI NTSTATUS NTAPI DbgSetDebugFilterState(_In_ ULONG ComponentId, _In_ ULONG Level, _In_ BOOLEAN State);
NTSYSAPI VOID NTAPI DbgBreakPoint(VOID);
NTSYSAPI VOID NTAPI DbgBreakPointWithStatus(_In_ ULONG Status);
NTSYSAPI ULONG NTAPI DbgPrompt(_In_z_ PCCH Prompt, _Out_ PCH Response, _In_ ULONG Length);
NTSYSAPI VOID NTAPI RtlAssert(_In_ PVOID VoidFailedAssertion, _In_ PVOID VoidFileName, _In_ ULONG LineNumber,
                              _In_opt_ PSTR MutableMessage);
NTSYSAPI NTSTATUS NTAPI KdDisableDebugger(VOID);
NTSYSAPI NTSTATUS NTAPI KdEnableDebugger(VOID);
NTSYSAPI BOOLEAN NTAPI KdRefreshDebuggerNotPresent(VOID);

extern NTSYSAPI PBOOLEAN KdDebuggerEnabled;
extern NTSYSAPI PBOOLEAN KdDebuggerNotPresent;
#define KD_DEBUGGER_ENABLED *KdDebuggerEnabled
#define KD_DEBUGGER_NOT_PRESENT *KdDebuggerNotPresent

#define DBG_STATUS_CONTROL_C 1
#define DBG_STATUS_SYSRQ 2
#define DBG_STATUS_BUGCHECK_FIRST 3
#define DBG_STATUS_BUGCHECK_SECOND 4
#define DBG_STATUS_FATAL 5
#define DBG_STATUS_DEBUG_CONTROL 6
#define DBG_STATUS_WORKER 7

EXTERN_C_END

#if DBG
#define KdPrint(_x_) DbgPrint _x_
#define KdPrintEx(_x_) DbgPrintEx _x_
#define vKdPrintEx(_x_) vDbgPrintEx _x_
#define vKdPrintExWithPrefix(_x_) vDbgPrintExWithPrefix _x_
#define KdBreakPoint() DbgBreakPoint()
#define KdBreakPointWithStatus(s) DbgBreakPointWithStatus(s)
#define ASSERT(_exp) ((!(_exp)) ? (RtlAssert((PVOID) #_exp, (PVOID)__FILE__, __LINE__, NULL), FALSE) : TRUE)
#define ASSERTMSG(_msg, _exp) \
  ((!(_exp)) ? (RtlAssert((PVOID) #_exp, (PVOID)__FILE__, __LINE__, (PCHAR)(_msg)), FALSE) : TRUE)
#define RTL_SOFT_ASSERT(_exp) \
  ((!(_exp)) ? (DbgPrint("%s(%d): Soft assertion failed\n   Expression: %s\n", __FILE__, __LINE__, #_exp), FALSE) : TRUE)
#define RTL_SOFT_ASSERTMSG(_msg, _exp)                                                                              \
  ((!(_exp)) ? (DbgPrint("%s(%d): Soft assertion failed\n   Expression: %s\n   Message: %s\n", __FILE__, __LINE__, #_exp, \
                         (_msg)),                                                                                   \
                FALSE)                                                                                              \
             : TRUE)
#define RTL_VERIFY(_exp) ASSERT(_exp)
#define RTL_VERIFYMSG(_msg, _exp) ASSERTMSG(_msg, _exp)
#define RTL_SOFT_VERIFY(_exp) RTL_SOFT_ASSERT(_exp)
#define NT_ASSERT(_exp) ASSERT(_exp)
#define NT_ASSERTMSG(_msg, _exp) ASSERTMSG(_msg, _exp)
#define NT_ASSERTMSGW(_msg, _exp) ASSERT(_exp)
#define NT_VERIFY(_exp) ASSERT(_exp)
#define NT_VERIFYMSG(_msg, _exp) ASSERTMSG(_msg, _exp)
#define NT_VERIFYMSGW(_msg, _exp) ASSERT(_exp)
#else
#define KdPrint(_x_) ((void)0)
#define KdPrintEx(_x_) ((void)0)
#define vKdPrintEx(_x_) ((void)0)
#define vKdPrintExWithPrefix(_x_) ((void)0)
#define KdBreakPoint() ((void)0)
#define KdBreakPointWithStatus(s) ((void)0)
#define ASSERT(_exp) ((void)0)
#define ASSERTMSG(_msg, _exp) ((void)0)
#define RTL_SOFT_ASSERT(_exp) ((void)0)
#define RTL_SOFT_ASSERTMSG(_msg, _exp) ((void)0)
#define RTL_VERIFY(_exp) ((_exp) ? TRUE : FALSE)
#define RTL_VERIFYMSG(_msg, _exp) ((_exp) ? TRUE : FALSE)
#define RTL_SOFT_VERIFY(_exp) ((_exp) ? TRUE : FALSE)
#define NT_ASSERT(_exp) ((void)0)
#define NT_ASSERTMSG(_msg, _exp) ((void)0)
#define NT_ASSERTMSGW(_msg, _exp) ((void)0)
#define NT_VERIFY(_exp) ((_exp) ? TRUE : FALSE)
#define NT_VERIFYMSG(_msg, _exp) ((_exp) ? TRUE : FALSE)
#define NT_VERIFYMSGW(_msg, _exp) ((_exp) ? TRUE : FALSE)
#endif
#define NT_FRE_ASSERT(_exp) \
  ((!(_exp)) ? (RtlAssert((PVOID) #_exp, (PVOID)__FILE__, __LINE__, NULL), FALSE) : TRUE)
#define NT_ASSERT_ASSUME(_exp) NT_ASSERT(_exp)
#define NT_ASSERT_NOASSUME(_exp) NT_ASSERT(_exp)
#define NT_ANALYSIS_ASSUME(_exp) ((void)0)
#define PREFAST_ASSUME(_exp, _msg) ((void)0)

// Checks that pageable code may run here: IRQL at most APC_LEVEL.
#if DBG
#define PAGED_ASSERT(exp) NT_ASSERT(exp)
#define PAGED_CODE()                                                                                \
  do {                                                                                              \
    if (KeGetCurrentIrql() > APC_LEVEL) {                                                           \
      DbgPrint("Ring3: pageable code called at IRQL %d\n", KeGetCurrentIrql());                     \
      RtlAssert((PVOID) "KeGetCurrentIrql() <= APC_LEVEL", (PVOID)__FILE__, __LINE__, NULL);        \
    }                                                                                               \
  } while (0)
#else
#define PAGED_ASSERT(exp) ((void)0)
#define PAGED_CODE() ((void)0)
#endif
#define PAGED_CODE_LOCKED() ((void)0)

#endif
