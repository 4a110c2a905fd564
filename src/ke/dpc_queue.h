// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/leak_report.h"
#include "base/spin_lock.h"
#include "ke/executive_thread.h"

namespace ring3::ke {

// The DPCs of one simulated processor, run one after the other by a thread of their own that starts with the
// first one. A KDPC in a queue has its DpcData pointing to it.
class DpcQueue {
 public:
  // `level`: DISPATCH_LEVEL, or PASSIVE_LEVEL for threaded DPCs.
  DpcQueue(ULONG processor, KIRQL level) : processor_(processor), level_(level) {}

  // False when the DPC is in a queue already. Needs a Kick afterwards, once no lock is held.
  bool Insert(PKDPC dpc, PVOID argument1, PVOID argument2, bool from_timer);
  // False when it is not in this queue (any more).
  bool Remove(PKDPC dpc);
  // One that is queued and lies in the range; null when there is none.
  PKDPC FindIn(const void* start, size_t byte_count);
  // One that is queued and whose routine lies in the range; null when there is none.
  PKDPC FindWithRoutineIn(const void* start, size_t byte_count);
  // Gets the queue processed.
  void Kick();
  // Blocks until everything that is queued now has run.
  void Flush();

  // Runs what is left, then ends the thread.
  void Stop();

 private:
  static void Run(PKTHREAD thread, void* self);
  void Process(PKTHREAD thread);
  bool RunOne(PKTHREAD thread);
  bool IsEmptyNow();

  const ULONG processor_;
  const KIRQL level_;
  SpinLock lock_{LockRank::kDpcQueue};
  LIST_ENTRY list_ RING3_GUARDED_BY(lock_) = {&list_, &list_};
  std::atomic<uint32_t> kicks_{0};  // a futex
  std::atomic<bool> sleeping_{false};
  std::atomic<bool> start_claimed_{false};
  std::atomic<bool> stopping_{false};
  ExecutiveThread thread_;
};

// All processors' queues.
class DpcQueues {
 public:
  explicit DpcQueues(ULONG processor_count);
  ~DpcQueues();

  // The queue that the DPC's target, or the current processor, calls for.
  DpcQueue& QueueFor(PKDPC dpc);
  bool Insert(PKDPC dpc, PVOID argument1, PVOID argument2);
  static bool Remove(PKDPC dpc);
  PKDPC FindIn(const void* start, size_t byte_count);
  PKDPC FindWithRoutineIn(const void* start, size_t byte_count);
  void Flush();
  void Stop();

 private:
  std::vector<std::unique_ptr<DpcQueue>> queues_;
  std::vector<std::unique_ptr<DpcQueue>> threaded_queues_;
};

inline constexpr UCHAR kDpcObject = 19;
inline constexpr UCHAR kThreadedDpcObject = 24;
// KDPC::Number of a DPC with a target: this plus the processor's index.
inline constexpr USHORT kTargetedDpc = 0x500;

}  // namespace ring3::ke
