// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/ex_misc.h>
#include <ddi/zw.h>

#include "cm/key_object.h"

namespace ring3::cm {

enum class Scope : uint8_t { kKey, kTree };
enum class Returns : uint8_t { kWhenChanged, kAtOnce };

struct NotifyRequest {
  HANDLE event = nullptr;
  // What becomes runnable: a WORK_QUEUE_ITEM and its queue.
  PWORK_QUEUE_ITEM work_item = nullptr;
  WORK_QUEUE_TYPE queue = DelayedWorkQueue;
  PIO_STATUS_BLOCK status_block = nullptr;
  ULONG filter = 0;  // REG_NOTIFY_CHANGE_*
  Scope scope = Scope::kKey;
  Returns returns = Returns::kWhenChanged;
};

// One request, until the first change (STATUS_NOTIFY_ENUM_DIR), the last handle's close
// (STATUS_NOTIFY_CLEANUP) or the key's deletion (STATUS_KEY_DELETED). The page names no completion statuses;
// these are Windows'.
struct Watcher {
  NotifyRequest request;
  const KeyObject* object = nullptr;
  ob::Ref<KEVENT> event;
  KEVENT* caller = nullptr;  // of a synchronous request: waited for on its stack
};

// nf-ntifs-zwnotifychangekey. STATUS_PENDING, STATUS_INVALID_PARAMETER, STATUS_KEY_DELETED.
NTSTATUS NotifyChangeKey(KPROCESSOR_MODE mode, HANDLE handle, const NotifyRequest& request);

// Ends the requests that were made through `object`, whose last handle goes.
void CancelWatchersOf(const KeyObject* object) RING3_EXCLUDES(g_registry_lock);

// Tells whoever waits, and forgets them. Under the lock: events and work queues rank below it.
void CompleteWatcherLocked(Watcher& watcher, NTSTATUS status) RING3_REQUIRES(g_registry_lock);

}  // namespace ring3::cm
