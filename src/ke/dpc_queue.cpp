// SPDX-License-Identifier: MIT
#include "ke/dpc_queue.h"

#include <bugcodes.h>

#include "ke/dispatcher.h"
#include "ke/driver_gate.h"
#include "ke/list.h"
#include "ke/processor.h"
#include "os/futex.h"

namespace ring3::ke {
namespace {

// DpcListEntry and ProcessorHistory together make the links of a doubly linked list: removal from the middle
// is cheap.
static_assert(FIELD_OFFSET(KDPC, ProcessorHistory) == FIELD_OFFSET(KDPC, DpcListEntry) + 8);
LIST_ENTRY& Links(PKDPC dpc) {
  return reinterpret_cast<LIST_ENTRY&>(dpc->DpcListEntry);
}
PKDPC FromLinks(LIST_ENTRY* links) {
  return CONTAINING_RECORD(links, KDPC, DpcListEntry);
}

std::atomic_ref<PVOID> QueueOf(PKDPC dpc) {
  return std::atomic_ref(dpc->DpcData);
}

// In KDPC::Number: a timer queued it. Bug checks tell the two apart.
constexpr USHORT kFromTimer = 0x8000;

USHORT LoadNumber(PKDPC dpc) {
  return __atomic_load_n(&dpc->Number, __ATOMIC_RELAXED);
}
void StoreNumber(PKDPC dpc, USHORT number) {
  __atomic_store_n(&dpc->Number, number, __ATOMIC_RELAXED);
}

}  // namespace

bool DpcQueue::Insert(PKDPC dpc, PVOID argument1, PVOID argument2, bool from_timer) {
  SpinLockGuard guard(lock_);
  PVOID none = nullptr;
  if (!QueueOf(dpc).compare_exchange_strong(none, this, std::memory_order_acq_rel)) return false;
  dpc->SystemArgument1 = argument1;
  dpc->SystemArgument2 = argument2;
  StoreNumber(dpc, static_cast<USHORT>((LoadNumber(dpc) & ~kFromTimer) | (from_timer ? kFromTimer : 0)));
  if (dpc->Importance == HighImportance) {
    InsertHead(list_, Links(dpc));
  } else {
    InsertTail(list_, Links(dpc));
  }
  return true;
}

bool DpcQueue::Remove(PKDPC dpc) {
  SpinLockGuard guard(lock_);
  if (QueueOf(dpc).load(std::memory_order_acquire) != this) return false;
  ke::Remove(Links(dpc));
  QueueOf(dpc).store(nullptr, std::memory_order_release);
  return true;
}

PKDPC DpcQueue::FindIn(const void* start, size_t byte_count) {
  const auto low = reinterpret_cast<uintptr_t>(start);
  SpinLockGuard guard(lock_);
  for (LIST_ENTRY* entry = list_.Flink; entry != &list_; entry = entry->Flink) {
    if (reinterpret_cast<uintptr_t>(FromLinks(entry)) - low < byte_count) return FromLinks(entry);
  }
  return nullptr;
}

PKDPC DpcQueue::FindWithRoutineIn(const void* start, size_t byte_count) {
  const auto low = reinterpret_cast<uintptr_t>(start);
  SpinLockGuard guard(lock_);
  for (LIST_ENTRY* entry = list_.Flink; entry != &list_; entry = entry->Flink) {
    PKDPC dpc = FromLinks(entry);
    if (reinterpret_cast<uintptr_t>(dpc->DeferredRoutine) - low < byte_count) return dpc;
  }
  return nullptr;
}

void DpcQueue::Kick() {
  // Nothing runs any more once the queue has been stopped.
  if (!stopping_.load(std::memory_order_acquire) && !start_claimed_.load(std::memory_order_acquire) &&
      !start_claimed_.exchange(true)) {
    const char* name = level_ == PASSIVE_LEVEL ? "ring3-tdpc" : "ring3-dpc";
    // The caller cannot be told, and the DPC would never run.
    if (!thread_.Start(name, Run, this).ok()) KeBugCheckEx(NO_PAGES_AVAILABLE, 0, 0, 0, 0);
  }
  kicks_.fetch_add(1, std::memory_order_seq_cst);
  if (sleeping_.load(std::memory_order_seq_cst)) os::FutexWakeOne(kicks_);
}

bool DpcQueue::RunOne(PKTHREAD thread) {
  PKDPC dpc;
  PKDEFERRED_ROUTINE routine;
  PVOID context;
  PVOID argument1;
  PVOID argument2;
  bool from_timer;
  {
    SpinLockGuard guard(lock_);
    if (IsEmpty(list_)) return false;
    dpc = FromLinks(RemoveHead(list_));
    routine = dpc->DeferredRoutine;
    context = dpc->DeferredContext;
    argument1 = dpc->SystemArgument1;
    argument2 = dpc->SystemArgument2;
    from_timer = (LoadNumber(dpc) & kFromTimer) != 0;
    // From here on it can be queued again; its routine may free it.
    QueueOf(dpc).store(nullptr, std::memory_order_release);
  }
  thread->state.irql = level_;
  thread->is_executing_dpc = level_ == DISPATCH_LEVEL;
  CallDriver(nullptr, from_timer ? Callback::kTimerDpc : Callback::kDpc, routine, dpc, context, argument1,
             argument2);
  thread->is_executing_dpc = false;
  thread->state.irql = PASSIVE_LEVEL;
  return true;
}

void DpcQueue::Run(PKTHREAD thread, void* self) {
  static_cast<DpcQueue*>(self)->Process(thread);
}

bool DpcQueue::IsEmptyNow() {
  SpinLockGuard guard(lock_);
  return IsEmpty(list_);
}

void DpcQueue::Process(PKTHREAD thread) {
  thread->processor = static_cast<int>(processor_);
  thread->priority = thread->base_priority = HIGH_PRIORITY;
  for (;;) {
    while (RunOne(thread)) {
    }
    const uint32_t kicks = kicks_.load(std::memory_order_seq_cst);
    if (stopping_.load(std::memory_order_acquire) && IsEmptyNow()) return;
    sleeping_.store(true, std::memory_order_seq_cst);
    if (IsEmptyNow()) os::FutexWait(kicks_, kicks);
    sleeping_.store(false, std::memory_order_relaxed);
  }
}

namespace {

void NTAPI SignalFlushed(PKDPC, PVOID event, PVOID, PVOID) {
  KeSetEvent(static_cast<PKEVENT>(event), 0, FALSE);
}

}  // namespace

void DpcQueue::Flush() {
  if (!start_claimed_.load(std::memory_order_acquire) || stopping_.load(std::memory_order_acquire)) return;
  KEVENT flushed;
  KDPC marker;
  KeInitializeEvent(&flushed, NotificationEvent, FALSE);
  KeInitializeDpc(&marker, SignalFlushed, &flushed);
  Insert(&marker, nullptr, nullptr, false);
  Kick();
  KeWaitForSingleObject(&flushed, Executive, KernelMode, FALSE, nullptr);
}

void DpcQueue::Stop() {
  stopping_.store(true, std::memory_order_release);
  if (!start_claimed_.load(std::memory_order_acquire)) return;
  Kick();
  thread_.Join();
}

DpcQueues::DpcQueues(ULONG processor_count) {
  for (ULONG i = 0; i < processor_count; ++i) {
    queues_.push_back(std::make_unique<DpcQueue>(i, KIRQL{DISPATCH_LEVEL}));
    threaded_queues_.push_back(std::make_unique<DpcQueue>(i, KIRQL{PASSIVE_LEVEL}));
  }
}

DpcQueues::~DpcQueues() = default;

DpcQueue& DpcQueues::QueueFor(PKDPC dpc) {
  auto& queues = dpc->Type == kThreadedDpcObject ? threaded_queues_ : queues_;
  const USHORT number = LoadNumber(dpc) & ~kFromTimer;
  const ULONG processor =
      number >= kTargetedDpc ? number - kTargetedDpc : CurrentProcessorIndex(CurrentThread());
  if (processor >= queues.size()) {
    KeBugCheckEx(TIMER_OR_DPC_INVALID, 3, reinterpret_cast<ULONG_PTR>(dpc), processor, queues.size());
  }
  return *queues[processor];
}

bool DpcQueues::Insert(PKDPC dpc, PVOID argument1, PVOID argument2) {
  if (QueueOf(dpc).load(std::memory_order_acquire) != nullptr) return false;
  DpcQueue& queue = QueueFor(dpc);
  if (!queue.Insert(dpc, argument1, argument2, false)) return false;
  queue.Kick();
  return true;
}

bool DpcQueues::Remove(PKDPC dpc) {
  // It may run, and be queued elsewhere, between the look and the lock of the queue.
  while (auto* queue = static_cast<DpcQueue*>(QueueOf(dpc).load(std::memory_order_acquire))) {
    if (queue->Remove(dpc)) return true;
  }
  return false;
}

PKDPC DpcQueues::FindIn(const void* start, size_t byte_count) {
  for (auto* queues : {&queues_, &threaded_queues_}) {
    for (auto& queue : *queues) {
      if (PKDPC dpc = queue->FindIn(start, byte_count)) return dpc;
    }
  }
  return nullptr;
}

PKDPC DpcQueues::FindWithRoutineIn(const void* start, size_t byte_count) {
  for (auto* queues : {&queues_, &threaded_queues_}) {
    for (auto& queue : *queues) {
      if (PKDPC dpc = queue->FindWithRoutineIn(start, byte_count)) return dpc;
    }
  }
  return nullptr;
}

void DpcQueues::Flush() {
  for (auto& queue : queues_) queue->Flush();
  for (auto& queue : threaded_queues_) queue->Flush();
}

void DpcQueues::Stop() {
  for (auto& queue : queues_) queue->Stop();
  for (auto& queue : threaded_queues_) queue->Stop();
}

}  // namespace ring3::ke
