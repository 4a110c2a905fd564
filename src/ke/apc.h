// SPDX-License-Identifier: MIT
#pragma once

#include "ke/dispatcher.h"
#include "rtl/seh_frame.h"

// Asynchronous procedure calls. A kernel APC runs in its thread when that is at PASSIVE_LEVEL (special ones:
// below APC_LEVEL and outside guarded regions) and looks: in waits, on lowering the IRQL, on leaving a
// region, on the way out of a service. A user APC runs on the way out of a service whose wait was alertable.
namespace ring3::ke {

// STATUS_ALERTED or STATUS_USER_APC when an alert or a user APC ends such a wait before it begins;
// STATUS_SUCCESS otherwise.
NTSTATUS InterruptionLocked(PKTHREAD thread, KPROCESSOR_MODE mode, BOOLEAN alertable)
    RING3_REQUIRES(g_dispatcher_lock);

bool CanDeliverKernelApcLocked(PKTHREAD thread) RING3_REQUIRES(g_dispatcher_lock);

// Runs the running thread's kernel APCs that may run now. IRQL < DISPATCH_LEVEL; no executive lock held.
void DeliverKernelApcs(PKTHREAD thread);
inline void DeliverKernelApcsIfPending(PKTHREAD thread) {
  if (__builtin_expect(thread->kernel_apc_pending.load(std::memory_order_relaxed), false) &&
      thread->state.irql < APC_LEVEL) {
    DeliverKernelApcs(thread);
  }
}

// Runs the running thread's user APCs: kernel routine, then the normal routine as application code, whose
// exceptions `application_frames` see.
void DeliverUserApcs(PKTHREAD thread, rtl::SehFrame* application_frames = nullptr);

// Calls the rundown routines (or kernel routines where there are none) of what is still queued at the
// thread's end.
void RundownApcs(PKTHREAD thread);

// Queues; FALSE when it is queued already or the thread has ended.
bool QueueApc(PKAPC apc, PVOID argument1, PVOID argument2);

// Makes UserMode waits of the thread end with STATUS_USER_APC, from now on, whether alertable or not: the
// thread is to end. Any thread may call it.
void AbortUserWaits(PKTHREAD thread);

}  // namespace ring3::ke
