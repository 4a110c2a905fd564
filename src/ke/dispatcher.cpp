// SPDX-License-Identifier: MIT
#include "ke/dispatcher.h"

#include <bugcodes.h>
#include <ntstatus.h>

#include "ke/list.h"
#include "os/clock.h"
#include "os/futex.h"

namespace ring3::ke {
namespace {

constexpr ULONG_PTR kFastFailCorruptListEntry = 3;

}  // namespace

void WakeList::WakeThem() {
  for (PKTHREAD thread = first_; thread != nullptr;) {
    PKTHREAD next = thread->wake_next;
    std::atomic<uint32_t>* word = &thread->wait_word;
    // From here on the thread may run, and end: only the word's address is used.
    if (word->exchange(kWaitDone, std::memory_order_acq_rel) == kWaitSleeping) os::FutexWake(word, 1);
    thread = next;
  }
  if (futex_ != nullptr) os::FutexWake(futex_, 1);
}

void VerifierViolation(ULONG_PTR code, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4) {
  KeBugCheckEx(DRIVER_VERIFIER_DETECTED_VIOLATION, code, p2, p3, p4);
}

void CheckObjectLocked(const DISPATCHER_HEADER& header) {
  const LIST_ENTRY& head = header.WaitListHead;
  if (header.Type <= kTimerSynchronizationObject && head.Flink != nullptr && head.Blink != nullptr &&
      head.Flink->Blink == &head && head.Blink->Flink == &head) {
    return;
  }
  KeBugCheckEx(KERNEL_SECURITY_CHECK_FAILURE, kFastFailCorruptListEntry, 0, 0,
               reinterpret_cast<ULONG_PTR>(&header));
}

int64_t DeadlineNs(LONGLONG time_100ns) {
  const int64_t now = os::MonotonicNs();
  LONGLONG delta = time_100ns < 0 ? -(time_100ns + 1) : time_100ns - os::SystemTime100ns();
  if (delta <= 0) return now;
  if (delta > (INT64_MAX - now) / 100 - 1) return os::kNoDeadline;
  return now + (time_100ns < 0 ? delta + 1 : delta) * 100;
}

void PrepareWaitNext(PKTHREAD thread) {
  thread->wait_next = true;
  thread->wait_irql = thread->state.irql;
  thread->state.irql = DISPATCH_LEVEL;
}

}  // namespace ring3::ke
