// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/ke.h>
#include <ntstatus.h>

#include "ke/dispatcher.h"

// Floating-point and vector registers belong to the Linux thread: nothing has to be saved. What is kept is
// what tells whether a driver restores in the thread and at the IRQL where it saved.
using namespace ring3::ke;

namespace {

constexpr ULONG kSaved = 0x46500000;

}  // namespace

// Always succeeds. IRQL <= DISPATCH_LEVEL. (nf-wdm-kesavefloatingpointstate)
NTSTATUS KeSaveFloatingPointState(PKFLOATING_SAVE FloatSave) {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, DISPATCH_LEVEL);
  FloatSave->Dummy = kSaved | thread->state.irql;
  return STATUS_SUCCESS;
}

// At another IRQL than it was saved, or never saved, is bug check IRQL_UNEXPECTED_VALUE.
// (nf-wdm-kerestorefloatingpointstate)
NTSTATUS KeRestoreFloatingPointState(PKFLOATING_SAVE FloatSave) {
  const KIRQL irql = CurrentThread()->state.irql;
  if (FloatSave->Dummy != (kSaved | irql)) {
    KeBugCheckEx(IRQL_UNEXPECTED_VALUE, (ULONG_PTR{irql} << 16) | ((FloatSave->Dummy & 0xff) << 8), 0, 0, 0);
  }
  FloatSave->Dummy = 0;
  return STATUS_SUCCESS;
}

// Always succeeds. IRQL <= DISPATCH_LEVEL. (nf-wdm-kesaveextendedprocessorstate)
NTSTATUS KeSaveExtendedProcessorState(ULONG64 Mask, PXSTATE_SAVE XStateSave) {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, DISPATCH_LEVEL);
  *XStateSave = {};
  XStateSave->Thread = thread;
  XStateSave->Level = thread->state.irql;
  XStateSave->XStateContext.Mask = Mask;
  return STATUS_SUCCESS;
}

// In another thread or at another IRQL than it was saved is bug check IRQL_UNEXPECTED_VALUE.
// (nf-wdm-kerestoreextendedprocessorstate)
VOID KeRestoreExtendedProcessorState(PXSTATE_SAVE XStateSave) {
  PKTHREAD thread = CurrentThread();
  if (XStateSave->Thread != thread || XStateSave->Level != thread->state.irql) {
    KeBugCheckEx(IRQL_UNEXPECTED_VALUE,
                 (ULONG_PTR{thread->state.irql} << 16) | (ULONG_PTR{XStateSave->Level} << 8),
                 reinterpret_cast<ULONG_PTR>(XStateSave->Thread), reinterpret_cast<ULONG_PTR>(thread), 0);
  }
  XStateSave->Thread = nullptr;
}
