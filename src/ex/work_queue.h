// SPDX-License-Identifier: MIT
#pragma once

#include "base/leak_report.h"
#include "base/spin_lock.h"
#include "os/thread.h"

#include <ddi/ex.h>

#include <atomic>
#include <vector>

namespace ring3::ex {

// A queue of work items and the executive threads that run them, started when there is work and nobody free
// for it.
class WorkQueue {
 public:
  // IRQL <= DISPATCH_LEVEL. The item may be queued again, or freed, as soon as its routine is called.
  void Insert(PWORK_QUEUE_ITEM item);
  // Runs what is queued to its end and ends the threads. Items that items queue meanwhile are run too.
  void Stop();

 private:
  // Enough for items that wait for other items.
  static constexpr size_t kMostThreads = 64;

  static void ThreadBody(void* queue);
  void Run();
  PWORK_QUEUE_ITEM TakeLocked() RING3_REQUIRES(lock_);
  void StartThread();

  SpinLock lock_{LockRank::kWorkQueue};
  LIST_ENTRY items_ RING3_GUARDED_BY(lock_) = {&items_, &items_};
  size_t item_count_ RING3_GUARDED_BY(lock_) = 0;
  size_t idle_ RING3_GUARDED_BY(lock_) = 0;
  size_t thread_count_ RING3_GUARDED_BY(lock_) = 0;
  bool stopping_ RING3_GUARDED_BY(lock_) = false;
  std::vector<os::Thread> threads_ RING3_GUARDED_BY(lock_);
  std::atomic<uint32_t> signal_{0};  // changes whenever there may be something to do
};

// The system work queues.
class WorkQueues {
 public:
  WorkQueue& Of(WORK_QUEUE_TYPE type);
  void Stop();

 private:
  WorkQueue critical_;
  WorkQueue delayed_;
  WorkQueue hyper_critical_;
};

// Of the booted executive; null before Initialize and after StopWorkers.
extern WorkQueues* g_work_queues;

// Runs all queued items and ends the worker threads. Before ps takes its thread source back; Shutdown calls
// it otherwise.
void StopWorkers();

}  // namespace ring3::ex
