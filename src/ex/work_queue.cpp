// SPDX-License-Identifier: MIT
#include "ex/work_queue.h"

#include <bugcodes.h>
#include <ddi/list.h>

#include "ke/driver_gate.h"
#include "os/futex.h"

namespace ring3::ex {

WorkQueues* g_work_queues = nullptr;

namespace {

// WORKER_INVALID, parameter 1: an item is queued that is queued already.
constexpr ULONG_PTR kQueuedAlready = 1;

}  // namespace

void WorkQueue::Insert(PWORK_QUEUE_ITEM item) {
  bool start = false;
  bool queued_already = false;
  {
    SpinLockGuard guard(lock_);
    queued_already = item->List.Flink != nullptr;
    if (!queued_already) {
      InsertTailList(&items_, &item->List);
      ++item_count_;
      if (item_count_ > idle_ && thread_count_ < kMostThreads) {
        ++thread_count_;
        start = true;
      }
    }
  }
  if (queued_already) KeBugCheckEx(WORKER_INVALID, kQueuedAlready, reinterpret_cast<ULONG_PTR>(item), 0, 0);
  signal_.fetch_add(1, std::memory_order_release);
  os::FutexWakeOne(signal_);
  if (start) StartThread();
}

void WorkQueue::StartThread() {
  Result<os::Thread> thread = os::Thread::Create("ring3-worker", &ThreadBody, this);
  SpinLockGuard guard(lock_);
  if (thread.ok()) {
    threads_.push_back(std::move(*thread));
  } else {
    // The others get to the item in time; only without any there is nobody.
    --thread_count_;
  }
}

PWORK_QUEUE_ITEM WorkQueue::TakeLocked() {
  if (IsListEmpty(&items_)) return nullptr;
  PLIST_ENTRY entry = items_.Flink;
  PWORK_QUEUE_ITEM item = CONTAINING_RECORD(entry, WORK_QUEUE_ITEM, List);
  if (entry->Flink == nullptr || entry->Blink == nullptr) {
    KeBugCheckEx(INVALID_WORK_QUEUE_ITEM, reinterpret_cast<ULONG_PTR>(entry),
                 reinterpret_cast<ULONG_PTR>(this), reinterpret_cast<ULONG_PTR>(g_work_queues),
                 reinterpret_cast<ULONG_PTR>(item->WorkerRoutine));
  }
  RemoveEntryList(entry);
  entry->Flink = nullptr;
  --item_count_;
  return item;
}

void WorkQueue::ThreadBody(void* queue) {
  static_cast<WorkQueue*>(queue)->Run();
}

void WorkQueue::Run() {
  for (;;) {
    const uint32_t seen = signal_.load(std::memory_order_acquire);
    PWORKER_THREAD_ROUTINE routine = nullptr;
    PVOID parameter = nullptr;
    {
      SpinLockGuard guard(lock_);
      if (PWORK_QUEUE_ITEM item = TakeLocked()) {
        routine = item->WorkerRoutine;
        parameter = item->Parameter;
      } else if (stopping_) {
        return;
      } else {
        ++idle_;
      }
    }
    if (routine != nullptr) {
      ke::CallDriver(nullptr, ke::Callback::kWorkItem, routine, parameter);
      continue;
    }
    os::FutexWait(signal_, seen);
    SpinLockGuard guard(lock_);
    --idle_;
  }
}

void WorkQueue::Stop() {
  size_t joined = 0;
  for (;;) {
    std::vector<os::Thread> threads;
    size_t started = 0;
    {
      SpinLockGuard guard(lock_);
      stopping_ = true;
      threads.swap(threads_);
      started = thread_count_;
    }
    signal_.fetch_add(1, std::memory_order_release);
    os::FutexWakeAll(signal_);
    for (os::Thread& thread : threads) thread.Join();
    joined += threads.size();
    // One that is being started right now is not in the list yet.
    if (joined == started) break;
    os::YieldThread();
  }
  // Without any thread to be had the items are run here.
  for (;;) {
    PWORK_QUEUE_ITEM item = nullptr;
    {
      SpinLockGuard guard(lock_);
      item = TakeLocked();
    }
    if (item == nullptr) return;
    ke::CallDriver(nullptr, ke::Callback::kWorkItem, item->WorkerRoutine,
                   const_cast<PVOID&>(item->Parameter));
  }
}

WorkQueue& WorkQueues::Of(WORK_QUEUE_TYPE type) {
  switch (type) {
    case CriticalWorkQueue:
    case RealTimeWorkQueue:
    case SuperCriticalWorkQueue:
      return critical_;
    case HyperCriticalWorkQueue:
      return hyper_critical_;
    default:
      return delayed_;
  }
}

void WorkQueues::Stop() {
  delayed_.Stop();
  critical_.Stop();
  hyper_critical_.Stop();
}

void StopWorkers() {
  WorkQueues* queues = g_work_queues;
  if (queues == nullptr) return;
  queues->Stop();
  g_work_queues = nullptr;
  delete queues;
}

}  // namespace ring3::ex
