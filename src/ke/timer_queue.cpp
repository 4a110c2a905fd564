// SPDX-License-Identifier: MIT
#include "ke/timer_queue.h"

#include <bugcodes.h>
#include <fmt/format.h>

#include <algorithm>

#include "ke/dpc_queue.h"
#include "ke/list.h"
#include "ke/time.h"
#include "os/clock.h"
#include "os/futex.h"
#include "os/guarded_copy.h"

namespace ring3::ke {
namespace {

constexpr LONGLONG kMillisecond = 10'000;  // in 100 ns units
// Timers on the system time are looked at this often, so that they follow when somebody sets the clock.
constexpr int64_t kClockCheckNs = 1'000'000'000;

PKTIMER FromEntry(LIST_ENTRY* entry) {
  return CONTAINING_RECORD(entry, KTIMER, TimerListEntry);
}

bool LiesIn(const void* object, const void* start, size_t byte_count) {
  return reinterpret_cast<uintptr_t>(object) - reinterpret_cast<uintptr_t>(start) < byte_count;
}

}  // namespace

TimerTable::TimerTable() {
  for (LIST_ENTRY& bucket : buckets_) InitializeList(bucket);
}

size_t TimerTable::BucketOf(ULONGLONG due_100ns) {
  return (due_100ns >> 14) % kBuckets;
}

void TimerTable::InsertLocked(PKTIMER timer) {
  LIST_ENTRY& bucket = buckets_[BucketOf(timer->DueTime.QuadPart)];
  LIST_ENTRY* position = &bucket;
  // New timers are mostly the latest of their bucket.
  while (position->Blink != &bucket &&
         FromEntry(position->Blink)->DueTime.QuadPart > timer->DueTime.QuadPart) {
    position = position->Blink;
  }
  InsertBefore(*position, timer->TimerListEntry);
  ++count_;
}

void TimerTable::RemoveLocked(PKTIMER timer) {
  Remove(timer->TimerListEntry);
  --count_;
}

PKTIMER TimerTable::EarliestLocked() const {
  if (count_ == 0) return nullptr;
  PKTIMER earliest = nullptr;
  for (const LIST_ENTRY& bucket : buckets_) {
    if (IsEmpty(bucket)) continue;
    PKTIMER first = FromEntry(bucket.Flink);
    if (earliest == nullptr || first->DueTime.QuadPart < earliest->DueTime.QuadPart) earliest = first;
  }
  return earliest;
}

template <typename Matches>
PKTIMER TimerQueue::Find(Matches matches) {
  DispatcherScope scope;
  PKTIMER timer = relative_.FindLocked(matches);
  return timer != nullptr ? timer : absolute_.FindLocked(matches);
}

PKTIMER TimerQueue::FindIn(const void* start, size_t byte_count) {
  return Find([=](PKTIMER timer) { return LiesIn(timer, start, byte_count); });
}

PKTIMER TimerQueue::FindWithDpcIn(const void* start, size_t byte_count) {
  return Find([=](PKTIMER timer) { return LiesIn(timer->Dpc, start, byte_count); });
}

PKTIMER TimerQueue::FindWithRoutineIn(const void* start, size_t byte_count) {
  return Find([=](PKTIMER timer) {
    // The DPC may be gone: that is what this looks for.
    PKDEFERRED_ROUTINE routine = nullptr;
    return timer->Dpc != nullptr &&
           os::GuardedCopy(&routine, &timer->Dpc->DeferredRoutine, sizeof(PKDEFERRED_ROUTINE)) &&
           LiesIn(reinterpret_cast<const void*>(routine), start, byte_count);
  });
}

int64_t TimerQueue::DeadlineOfLocked(PKTIMER timer) {
  if (!timer->Header.Absolute) {
    return static_cast<int64_t>(std::min<ULONGLONG>(timer->DueTime.QuadPart, INT64_MAX / 100)) * 100;
  }
  const int64_t due = DeadlineNs(static_cast<LONGLONG>(timer->DueTime.QuadPart));
  return std::min(due, os::MonotonicNs() + kClockCheckNs);
}

int64_t TimerQueue::NextDeadlineLocked() const {
  int64_t deadline = os::kNoDeadline;
  for (const TimerTable* table : {&relative_, &absolute_}) {
    if (PKTIMER timer = table->EarliestLocked()) deadline = std::min(deadline, DeadlineOfLocked(timer));
  }
  return deadline;
}

void TimerQueue::InsertLocked(PKTIMER timer, WakeList& wakes) {
  timer->Header.Inserted = 1;
  TableOf(timer).InsertLocked(timer);
  const int64_t deadline = DeadlineOfLocked(timer);
  if (deadline < sleeping_until_ns_) {
    sleeping_until_ns_ = deadline;
    changes_.fetch_add(1, std::memory_order_release);
    wakes.AddFutex(&changes_);
  }
}

void TimerQueue::RemoveLocked(PKTIMER timer) {
  timer->Header.Inserted = 0;
  TableOf(timer).RemoveLocked(timer);
}

bool TimerQueue::Set(PKTIMER timer, LONGLONG due_time, ULONG period, PKDPC dpc) {
  EnsureThread();
  DispatcherScope scope;
  CheckObjectLocked(timer->Header);
  const bool was_set = timer->Header.Inserted;
  if (was_set) RemoveLocked(timer);
  timer->Dpc = dpc;
  timer->Period = period;
  StoreSignalState(timer->Header, 0);
  timer->Header.Absolute = due_time >= 0;
  timer->DueTime.QuadPart = due_time >= 0 ? due_time : InterruptTime100ns() - due_time;
  InsertLocked(timer, scope.wakes);
  return was_set;
}

bool TimerQueue::Cancel(PKTIMER timer) {
  DispatcherScope scope;
  CheckObjectLocked(timer->Header);
  if (!timer->Header.Inserted) return false;
  RemoveLocked(timer);
  return true;
}

void TimerQueue::EnsureThread() {
  if (stopping_.load(std::memory_order_acquire)) return;
  if (start_claimed_.load(std::memory_order_acquire) || start_claimed_.exchange(true)) return;
  // The caller cannot be told, and the timer would never expire.
  if (!thread_.Start("ring3-timer", Run, this).ok()) KeBugCheckEx(NO_PAGES_AVAILABLE, 0, 0, 0, 0);
}

bool TimerQueue::ExpireOne(DpcQueue** queue) {
  *queue = nullptr;
  DispatcherScope scope;
  PKTIMER timer = relative_.EarliestLocked();
  const LONGLONG interrupt_time = InterruptTime100ns();
  const LONGLONG system_time = os::SystemTime100ns();
  if (timer == nullptr || static_cast<LONGLONG>(timer->DueTime.QuadPart) > interrupt_time) {
    timer = absolute_.EarliestLocked();
    if (timer == nullptr || static_cast<LONGLONG>(timer->DueTime.QuadPart) > system_time) {
      sleeping_until_ns_ = NextDeadlineLocked();
      return false;
    }
  }
  RemoveLocked(timer);
  if (timer->Period != 0) {
    // Periods follow each other on the interrupt time, whatever the first expiration was on; those that were
    // missed are not made up for.
    const LONGLONG period = timer->Period * kMillisecond;
    const LONGLONG expired_at =
        timer->Header.Absolute ? interrupt_time : static_cast<LONGLONG>(timer->DueTime.QuadPart);
    timer->Header.Absolute = 0;
    timer->DueTime.QuadPart = std::max(expired_at + period, interrupt_time);
    InsertLocked(timer, scope.wakes);
  }
  // Queued under the lock: whoever cancels the timer and then flushes the DPCs knows that it is over.
  if (timer->Dpc != nullptr) {
    DpcQueue& target = dpcs_.QueueFor(timer->Dpc);
    auto low = reinterpret_cast<PVOID>(static_cast<ULONG_PTR>(system_time & 0xffffffff));
    auto high = reinterpret_cast<PVOID>(static_cast<ULONG_PTR>(system_time >> 32));
    if (target.Insert(timer->Dpc, low, high, true)) *queue = &target;
  }
  StoreSignalState(timer->Header, 1);
  SignalObjectLocked(timer->Header, scope.wakes);
  return true;
}

void TimerQueue::Run(PKTHREAD thread, void* self) {
  thread->priority = thread->base_priority = HIGH_PRIORITY;
  static_cast<TimerQueue*>(self)->Process();
}

void TimerQueue::Process() {
  while (!stopping_.load(std::memory_order_acquire)) {
    const uint32_t changes = changes_.load(std::memory_order_acquire);
    DpcQueue* queue;
    while (ExpireOne(&queue)) {
      if (queue != nullptr) queue->Kick();
    }
    int64_t deadline;
    {
      DispatcherScope scope;
      deadline = sleeping_until_ns_;
    }
    os::FutexWait(changes_, changes, deadline);
  }
}

void TimerQueue::Stop(LeakReport& report) {
  stopping_.store(true, std::memory_order_release);
  changes_.fetch_add(1, std::memory_order_release);
  os::FutexWakeOne(changes_);
  if (thread_.started()) thread_.Join();
  std::vector<std::string> lines;
  {
    DispatcherScope scope;
    for (TimerTable* table : {&relative_, &absolute_}) {
      while (PKTIMER timer = table->EarliestLocked()) {
        RemoveLocked(timer);
        const void* routine =
            timer->Dpc == nullptr ? nullptr : reinterpret_cast<void*>(timer->Dpc->DeferredRoutine);
        lines.push_back(fmt::format("timer {} is still set (period {} ms, DPC routine {})", fmt::ptr(timer),
                                    timer->Period, routine));
      }
    }
  }
  for (std::string& line : lines) report.Add(std::move(line));
}

}  // namespace ring3::ke
