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

void WakeList::Add(std::atomic<uint32_t>* word) {
  // Rare: more waiters at once than fit. Waking does not block, it only costs time.
  if (count_ == kCapacity) WakeAll();
  words_[count_++] = word;
}

void WakeList::WakeAll() {
  for (int i = 0; i < count_; ++i) os::FutexWake(words_[i], 1);
  count_ = 0;
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
  KeBugCheckEx(KERNEL_SECURITY_CHECK_FAILURE, kFastFailCorruptListEntry, 0, 0, reinterpret_cast<ULONG_PTR>(&header));
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
