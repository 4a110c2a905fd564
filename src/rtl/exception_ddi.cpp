// SPDX-License-Identifier: MIT
#include <ddi/rtl_exception.h>
#include <ntstatus.h>
#include <ring3_seh.h>

extern "C" {

// ExRaiseStatus: raises an exception with code Status that cannot be continued. IRQL <= APC_LEVEL by
// contract. Bug checks where no __try takes it. nf-wdm-exraisestatus
VOID NTAPI ExRaiseStatus(NTSTATUS Status) {
  Ring3SehRaiseStatus(Status);
}

// ExRaiseAccessViolation: the same with STATUS_ACCESS_VIOLATION. nf-ntddk-exraiseaccessviolation
VOID NTAPI ExRaiseAccessViolation(VOID) {
  Ring3SehRaiseStatus(STATUS_ACCESS_VIOLATION);
}

// ExRaiseDatatypeMisalignment: the same with STATUS_DATATYPE_MISALIGNMENT.
// nf-ntddk-exraisedatatypemisalignment
VOID NTAPI ExRaiseDatatypeMisalignment(VOID) {
  Ring3SehRaiseStatus(STATUS_DATATYPE_MISALIGNMENT);
}

// RtlRaiseStatus: as ExRaiseStatus.
VOID NTAPI RtlRaiseStatus(NTSTATUS Status) {
  Ring3SehRaiseStatus(Status);
}

// RtlRaiseException: raises what ExceptionRecord says, with its flags and parameters; ExceptionAddress is set
// to the caller. Returns when a filter continues execution.
VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD ExceptionRecord) {
  [[clang::musttail]] return Ring3SehRaise(ExceptionRecord);
}

// RtlCaptureContext: the caller's registers. Any IRQL.
VOID NTAPI RtlCaptureContext(PCONTEXT ContextRecord) {
  [[clang::musttail]] return Ring3SehCaptureContext(ContextRecord);
}

}  // extern "C"
