// SPDX-License-Identifier: MIT
#pragma once

#include <bugcodes.h>

#include "ke/kthread.h"

// What a wrong use of a lock is told by: DRIVER_VERIFIER_DETECTED_VIOLATION with the numbers of its page,
// where Windows without Driver Verifier would hang or corrupt something later.
namespace ring3::ex {

enum LockViolation : ULONG_PTR {
  kFastMutexAcquiredAboveApcLevel = 0x33,
  kFastMutexReleasedNotAtApcLevel = 0x34,
  kResourceReinitialized = 0xd0,
  kResourceNotInitialized = 0xd1,
  kSelfDeadlock = 0x1000,
  kReleasedByOtherThread = 0x1004,
  kReleasedButNotAcquired = 0x1007,
};

[[noreturn]] inline void ReportLockViolation(LockViolation violation, const void* p2, ULONG_PTR p3 = 0,
                                             ULONG_PTR p4 = 0) {
  KeBugCheckEx(DRIVER_VERIFIER_DETECTED_VIOLATION, violation, reinterpret_cast<ULONG_PTR>(p2), p3, p4);
}
[[noreturn]] inline void ReportLockIrql(LockViolation violation, KIRQL irql, ULONG_PTR p3, ULONG_PTR p4) {
  KeBugCheckEx(DRIVER_VERIFIER_DETECTED_VIOLATION, violation, irql, p3, p4);
}

// A wait of the executive's own locks: not alertable, without time-out.
inline void WaitForEvent(PKEVENT event) {
  KeWaitForSingleObject(event, Executive, KernelMode, FALSE, nullptr);
}

}  // namespace ring3::ex
