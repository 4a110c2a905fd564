// SPDX-License-Identifier: MIT
#include "cm/notify.h"

#include <ddi/ke.h>
#include <ntstatus.h>

#include <memory>

namespace ring3::cm {

void CompleteWatcherLocked(Watcher& watcher, NTSTATUS status) {
  const NotifyRequest& request = watcher.request;
  if (request.status_block != nullptr) {
    request.status_block->Status = status;
    request.status_block->Information = 0;
  }
  if (request.work_item != nullptr) ExQueueWorkItem(request.work_item, request.queue);
  if (watcher.event) KeSetEvent(watcher.event.get(), EVENT_INCREMENT, FALSE);
  // Last: the waiting thread's stack holds it.
  if (watcher.caller != nullptr) KeSetEvent(watcher.caller, EVENT_INCREMENT, FALSE);
}

NTSTATUS NotifyChangeKey(KPROCESSOR_MODE mode, HANDLE handle, const NotifyRequest& request) {
  if (request.filter == 0 || (request.filter & ~ULONG{REG_LEGAL_CHANGE_FILTER}) != 0)
    return STATUS_INVALID_PARAMETER;
  RING3_TRY_ASSIGN(const auto object, ob::ReferenceHandleAs<KeyObject>(handle, KEY_NOTIFY, g_key_type, mode));
  auto watcher = std::make_unique<Watcher>();
  watcher->request = request;
  watcher->object = object.get();
  if (request.event != nullptr) {
    RING3_TRY_ASSIGN(watcher->event, ob::ReferenceHandleAs<KEVENT>(request.event, EVENT_MODIFY_STATE,
                                                                   ob::g_event_type, mode));
    KeClearEvent(watcher->event.get());
  }
  KEVENT changed;
  IO_STATUS_BLOCK outcome = {};
  if (request.returns == Returns::kWhenChanged) {
    KeInitializeEvent(&changed, NotificationEvent, FALSE);
    watcher->caller = &changed;
    if (request.status_block == nullptr) watcher->request.status_block = &outcome;
  }
  {
    SpinLockGuard guard(g_registry_lock);
    if (object->key->deleted()) return STATUS_KEY_DELETED;
    object->key->WatchLocked(std::move(watcher));
  }
  if (request.returns == Returns::kAtOnce) return STATUS_PENDING;
  KeWaitForSingleObject(&changed, Executive, KernelMode, FALSE, nullptr);
  return request.status_block == nullptr ? outcome.Status : request.status_block->Status;
}

void CancelWatchersOf(const KeyObject* object) {
  SpinLockGuard guard(g_registry_lock);
  object->key->EndWatchesLocked(object, STATUS_NOTIFY_CLEANUP);
}

}  // namespace ring3::cm
