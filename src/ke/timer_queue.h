// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>

#include "base/leak_report.h"
#include "ke/dispatcher.h"
#include "ke/executive_thread.h"

namespace ring3::ke {

class DpcQueues;
class DpcQueue;

// Timers on one clock, by due time: hashed into buckets, each in order of time. Finding the next one is a
// look at the head of every bucket; setting and cancelling touch one.
class TimerTable {
 public:
  TimerTable();
  void InsertLocked(PKTIMER timer) RING3_REQUIRES(g_dispatcher_lock);
  void RemoveLocked(PKTIMER timer) RING3_REQUIRES(g_dispatcher_lock);
  // Null when there is none.
  PKTIMER EarliestLocked() const RING3_REQUIRES(g_dispatcher_lock);
  // The first for which `matches(timer)`; null when there is none.
  template <typename Matches>
  PKTIMER FindLocked(Matches matches) const RING3_REQUIRES(g_dispatcher_lock) {
    if (count_ == 0) return nullptr;
    for (const LIST_ENTRY& bucket : buckets_) {
      for (LIST_ENTRY* entry = bucket.Flink; entry != &bucket; entry = entry->Flink) {
        auto* timer = CONTAINING_RECORD(entry, KTIMER, TimerListEntry);
        if (matches(timer)) return timer;
      }
    }
    return nullptr;
  }

 private:
  static constexpr size_t kBuckets = 128;
  static size_t BucketOf(ULONGLONG due_100ns);

  std::array<LIST_ENTRY, kBuckets> buckets_;
  size_t count_ = 0;
};

// The queue of set timers, and the thread that expires them: started with the first one.
class TimerQueue {
 public:
  explicit TimerQueue(DpcQueues& dpcs) : dpcs_(dpcs) {}

  // `due_time` in 100 ns units: negative relative, else system time; `period` in milliseconds. Returns
  // whether it was set before. The timer is not signalled afterwards, unless it was due.
  bool Set(PKTIMER timer, LONGLONG due_time, ULONG period, PKDPC dpc);
  // Returns whether it was set.
  bool Cancel(PKTIMER timer);

  // One that is set and lies in the range; null when there is none.
  PKTIMER FindIn(const void* start, size_t byte_count);
  // One that is set and whose DPC lies in the range.
  PKTIMER FindWithDpcIn(const void* start, size_t byte_count);
  // One that is set and whose DPC's routine lies in the range.
  PKTIMER FindWithRoutineIn(const void* start, size_t byte_count);

  // Ends the thread; reports and forgets the timers that are still set.
  void Stop(LeakReport& report);

 private:
  static void Run(PKTHREAD thread, void* self);
  void Process();
  void EnsureThread();
  void InsertLocked(PKTIMER timer, WakeList& wakes) RING3_REQUIRES(g_dispatcher_lock);
  void RemoveLocked(PKTIMER timer) RING3_REQUIRES(g_dispatcher_lock);
  // Expires one timer that is due; the queue to kick, if any, in `*queue`. False when none is due.
  bool ExpireOne(DpcQueue** queue);
  // When to look at it, or at all of them, next: CLOCK_MONOTONIC nanoseconds.
  template <typename Matches>
  PKTIMER Find(Matches matches);
  static int64_t DeadlineOfLocked(PKTIMER timer) RING3_REQUIRES(g_dispatcher_lock);
  int64_t NextDeadlineLocked() const RING3_REQUIRES(g_dispatcher_lock);
  TimerTable& TableOf(PKTIMER timer) { return timer->Header.Absolute ? absolute_ : relative_; }

  DpcQueues& dpcs_;
  TimerTable relative_;               // on the interrupt time
  TimerTable absolute_;               // on the system time
  std::atomic<uint32_t> changes_{0};  // a futex
  int64_t sleeping_until_ns_ RING3_GUARDED_BY(g_dispatcher_lock) = 0;
  std::atomic<bool> start_claimed_{false};
  std::atomic<bool> stopping_{false};
  ExecutiveThread thread_;
};

}  // namespace ring3::ke
