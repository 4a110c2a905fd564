// SPDX-License-Identifier: MIT
#include "ob/deferred_delete.h"

#include <ddi/ex_misc.h>
#include <ddi/ke.h>

#include <atomic>

#include "os/thread.h"

namespace ring3::ob {
namespace {

std::atomic<ObjectHeader*> g_waiting{nullptr};
// The one work item is queued or running.
std::atomic<bool> g_queued{false};
WORK_QUEUE_ITEM g_work_item;

void DeleteAll() {
  for (ObjectHeader* header = g_waiting.exchange(nullptr, std::memory_order_acq_rel); header != nullptr;) {
    ObjectHeader* next = header->next_deleted;
    DeleteNow(header);
    header = next;
  }
}

void Worker(PVOID) {
  do {
    DeleteAll();
    g_queued.store(false);
    // What came between the last look and the store found the item still queued.
  } while (g_waiting.load() != nullptr && !g_queued.exchange(true));
}

}  // namespace

void DeferDelete(ObjectHeader* header) {
  ObjectHeader* first = g_waiting.load(std::memory_order_relaxed);
  do {
    header->next_deleted = first;
  } while (!g_waiting.compare_exchange_weak(first, header));
  if (g_queued.exchange(true)) return;
  ExInitializeWorkItem(&g_work_item, &Worker, nullptr);
  ExQueueWorkItem(&g_work_item, DelayedWorkQueue);
}

void DrainDeferredDeletes() {
  DeleteAll();
  while (g_queued.load()) os::YieldThread();
}

}  // namespace ring3::ob
