// SPDX-License-Identifier: MIT
// Raising exceptions and looking at stacks.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/raising-exceptions
#ifndef RING3_DDI_RTL_EXCEPTION_H
#define RING3_DDI_RTL_EXCEPTION_H

#include <nt_exception.h>
#include <ntdef.h>

EXTERN_C_START

NTKERNELAPI DECLSPEC_NORETURN VOID NTAPI ExRaiseStatus(_In_ NTSTATUS Status);
NTKERNELAPI DECLSPEC_NORETURN VOID NTAPI ExRaiseAccessViolation(VOID);
NTKERNELAPI DECLSPEC_NORETURN VOID NTAPI ExRaiseDatatypeMisalignment(VOID);

NTSYSAPI DECLSPEC_NORETURN VOID NTAPI RtlRaiseStatus(_In_ NTSTATUS Status);
NTSYSAPI VOID NTAPI RtlRaiseException(_In_ PEXCEPTION_RECORD ExceptionRecord);
NTSYSAPI VOID NTAPI RtlCaptureContext(_Out_ PCONTEXT ContextRecord);

EXTERN_C_END

#endif
