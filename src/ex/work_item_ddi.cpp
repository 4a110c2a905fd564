// SPDX-License-Identifier: MIT
#include <ddi/ex.h>

#include "ex/work_queue.h"

using namespace ring3::ex;  // NOLINT(google-build-using-namespace)

// Has the item's routine called by an executive thread at PASSIVE_LEVEL; the routine frees the item. An item
// that is queued already is WORKER_INVALID. IRQL <= DISPATCH_LEVEL. wdm/nf-wdm-exqueueworkitem
extern "C" VOID ExQueueWorkItem(PWORK_QUEUE_ITEM WorkItem, WORK_QUEUE_TYPE QueueType) {
  g_work_queues->Of(QueueType).Insert(WorkItem);
}
