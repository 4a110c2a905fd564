// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/ke_ntddk.h>
#include <ntstatus.h>

#include "ke/dispatcher.h"
#include "ke/driver_gate.h"

using namespace ring3::ke;

// Calls the routine with `Size` bytes of stack. A Linux thread's stack is larger than any expansion that
// Windows grants: the routine is called where it is. IRQL <= APC_LEVEL. STATUS_INVALID_PARAMETER_3 for a Size
// above MAXIMUM_EXPANSION_SIZE. (nf-ntddk-keexpandkernelstackandcallout)
NTSTATUS KeExpandKernelStackAndCallout(PEXPAND_STACK_CALLOUT Callout, PVOID Parameter, SIZE_T Size) {
  CheckIrqlAtMost(CurrentThread(), APC_LEVEL);
  return KeExpandKernelStackAndCalloutEx(Callout, Parameter, Size, TRUE, nullptr);
}

// As above; STATUS_INVALID_PARAMETER_4 for Wait TRUE at DISPATCH_LEVEL. IRQL <= DISPATCH_LEVEL.
// (nf-ntddk-keexpandkernelstackandcalloutex)
NTSTATUS KeExpandKernelStackAndCalloutEx(PEXPAND_STACK_CALLOUT Callout, PVOID Parameter, SIZE_T Size,
                                         BOOLEAN Wait, PVOID) {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, DISPATCH_LEVEL);
  if (Size > MAXIMUM_EXPANSION_SIZE) return STATUS_INVALID_PARAMETER_3;
  if (Wait && thread->state.irql == DISPATCH_LEVEL) return STATUS_INVALID_PARAMETER_4;
  CallDriver(nullptr, Callback::kCallout, Callout, Parameter);
  return STATUS_SUCCESS;
}
