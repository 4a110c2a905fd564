// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/ke.h>
#include <ntstatus.h>

#include "ke/dispatcher.h"
#include "ke/irql.h"
#include "os/thread.h"

using namespace ring3::ke;

namespace {

ULONG_PTR Address(const void* p) {
  return reinterpret_cast<ULONG_PTR>(p);
}

// IRQL of a wait: <= DISPATCH_LEVEL to look, <= APC_LEVEL to wait. A DPC that would wait is
// ATTEMPTED_SWITCH_FROM_DPC; anybody else DRIVER_VERIFIER_DETECTED_VIOLATION 0x120 to 0x122.
void CheckWaitIrql(PKTHREAD thread, KIRQL irql, PVOID object, PLARGE_INTEGER timeout) {
  if (irql <= APC_LEVEL) return;
  const ULONG_PTR p2 = Address(&irql);
  if (irql > DISPATCH_LEVEL) VerifierViolation(0x120, p2, Address(object), Address(timeout));
  if (timeout != nullptr && timeout->QuadPart == 0) return;
  if (thread->is_executing_dpc) KeBugCheckEx(ATTEMPTED_SWITCH_FROM_DPC, Address(thread), 0, p2, 0);
  VerifierViolation(timeout == nullptr ? 0x121 : 0x122, p2, Address(object), Address(timeout));
}

// Ends what KeSetEvent(…, Wait TRUE) began.
void TakeWaitNext(PKTHREAD thread) {
  if (!thread->wait_next) return;
  thread->wait_next = false;
  thread->state.irql = thread->wait_irql;
}

}  // namespace

// Waits for an event, mutex, semaphore, timer, thread or process. Timeout in 100 ns units, negative relative;
// null: for ever; zero: looks only. STATUS_SUCCESS, STATUS_TIMEOUT, STATUS_ALERTED, STATUS_USER_APC,
// STATUS_ABANDONED for a mutex whose owner ended. Raises STATUS_MUTANT_LIMIT_EXCEEDED. IRQL <= APC_LEVEL, or
// <= DISPATCH_LEVEL with a zero time-out; otherwise ATTEMPTED_SWITCH_FROM_DPC in a DPC,
// DRIVER_VERIFIER_DETECTED_VIOLATION 0x120 to 0x122 elsewhere. (nf-wdm-kewaitforsingleobject)
NTSTATUS KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
                               BOOLEAN Alertable, PLARGE_INTEGER Timeout) {
  PKTHREAD thread = CurrentThread();
  TakeWaitNext(thread);
  CheckWaitIrql(thread, thread->state.irql, Object, Timeout);
  const WaitRequest request{1,        &Object,   WaitAny, WaitReason,
                            WaitMode, Alertable, Timeout, thread->own_wait_blocks};
  return Wait(thread, request);
}

// As above for `Count` objects: WaitAny returns STATUS_WAIT_0 + index (STATUS_ABANDONED_WAIT_0 + index),
// WaitAll STATUS_SUCCESS. More than THREAD_WAIT_OBJECTS without WaitBlockArray, or more than
// MAXIMUM_WAIT_OBJECTS, is bug check MAXIMUM_WAIT_OBJECTS_EXCEEDED. (nf-wdm-kewaitformultipleobjects)
NTSTATUS KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType, KWAIT_REASON WaitReason,
                                  KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout,
                                  PKWAIT_BLOCK WaitBlockArray) {
  PKTHREAD thread = CurrentThread();
  TakeWaitNext(thread);
  if (Count > (WaitBlockArray == nullptr ? THREAD_WAIT_OBJECTS : MAXIMUM_WAIT_OBJECTS)) {
    KeBugCheckEx(MAXIMUM_WAIT_OBJECTS_EXCEEDED, 0, 0, 0, 0);
  }
  if (Count == 0) return STATUS_INVALID_PARAMETER_1;
  CheckWaitIrql(thread, thread->state.irql, Object[0], Timeout);
  PKWAIT_BLOCK blocks = WaitBlockArray == nullptr ? thread->own_wait_blocks : WaitBlockArray;
  const WaitRequest request{Count, Object, WaitType, WaitReason, WaitMode, Alertable, Timeout, blocks};
  return Wait(thread, request);
}

// Waits for the interval in 100 ns units, negative relative. STATUS_SUCCESS when it has passed,
// STATUS_ALERTED, STATUS_USER_APC. IRQL <= APC_LEVEL. (nf-wdm-kedelayexecutionthread)
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval) {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql > APC_LEVEL) {
    if (thread->is_executing_dpc)
      KeBugCheckEx(ATTEMPTED_SWITCH_FROM_DPC, Address(thread), 0, Address(&thread), 0);
    VerifierViolation(0x3B, thread->state.irql, 0, Address(Interval));
  }
  // A zero interval gives up the rest of the time slice.
  if (Interval->QuadPart == 0) ring3::os::YieldThread();
  const WaitRequest request{0,        nullptr,   WaitAny,  DelayExecution,
                            WaitMode, Alertable, Interval, thread->own_wait_blocks};
  const NTSTATUS status = Wait(thread, request);
  return status == STATUS_TIMEOUT ? STATUS_SUCCESS : status;
}
