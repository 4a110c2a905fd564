// SPDX-License-Identifier: MIT
// Completion ports: a kernel queue of packets.
#include "io/completion_port.h"

#include <ddi/ex.h>
#include <ddi/ke_ntifs.h>
#include <ntstatus.h>

#include "io/services.h"
#include "ob/object.h"

namespace ring3::io {

ob::ObjectType* g_io_completion_type = nullptr;

namespace {

constexpr ULONG kPacketTag = ' pcI';

struct Packet {
  LIST_ENTRY entry;
  FILE_IO_COMPLETION_INFORMATION information;
};

// Ends all waits with STATUS_ABANDONED and frees the packets.
void RunDown(void* object) {
  PLIST_ENTRY first = KeRundownQueue(static_cast<PRKQUEUE>(object));
  if (first == nullptr) return;
  // A ring without its head.
  PLIST_ENTRY entry = first;
  do {
    PLIST_ENTRY next = entry->Flink;
    ExFreePoolWithTag(CONTAINING_RECORD(entry, Packet, entry), kPacketTag);
    entry = next;
  } while (entry != first);
}

// Who waits has a reference, not a handle: without the last handle nobody is to wait any more.
void ClosePort(PEPROCESS, void* object, ACCESS_MASK, ULONG, ULONG system_handle_count) {
  if (system_handle_count == 1) RunDown(object);
}

bool IsPacket(PLIST_ENTRY entry) {
  auto status = static_cast<NTSTATUS>(reinterpret_cast<ULONG_PTR>(entry));
  return !(status == STATUS_TIMEOUT || status == STATUS_USER_APC || status == STATUS_ABANDONED ||
           status == STATUS_ALERTED);
}

}  // namespace

Status InitializeCompletionPorts() {
  ob::TypeOptions options;
  options.generic_mapping = {STANDARD_RIGHTS_READ | IO_COMPLETION_QUERY_STATE,
                             STANDARD_RIGHTS_WRITE | IO_COMPLETION_MODIFY_STATE,
                             STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, IO_COMPLETION_ALL_ACCESS};
  options.valid_access = IO_COMPLETION_ALL_ACCESS;
  options.dispatcher_offset = 0;
  options.procedures.close = ClosePort;
  options.procedures.delete_object = RunDown;  // what files posted since
  RING3_TRY_ASSIGN(g_io_completion_type, ob::CreateType(u"IoCompletion", options));
  return STATUS_SUCCESS;
}

bool PostCompletion(void* port, void* key, void* apc_context, NTSTATUS status, ULONG_PTR information) {
  auto* packet = static_cast<Packet*>(ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(Packet), kPacketTag));
  if (packet == nullptr) return false;
  packet->information = {key, apc_context, {{status}, information}};
  KeInsertQueue(static_cast<PRKQUEUE>(port), &packet->entry);
  return true;
}

NTSTATUS CreateIoCompletion(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK desired_access,
                            const OBJECT_ATTRIBUTES* attributes, ULONG concurrent_threads) {
  RING3_TRY_ASSIGN(void* port, ob::CreateObject(g_io_completion_type, sizeof(KQUEUE)));
  KeInitializeQueue(static_cast<PRKQUEUE>(port), concurrent_threads);
  ob::InsertOptions options;
  options.desired_access = desired_access;
  options.access_mode = mode;
  RING3_TRY_ASSIGN(ob::Inserted inserted, ob::InsertObject(port, attributes, options));
  *handle = inserted.handle;
  ob::Dereference(inserted.object);
  return inserted.status;
}

NTSTATUS SetIoCompletion(KPROCESSOR_MODE mode, HANDLE handle, void* key, void* apc_context, NTSTATUS status,
                         ULONG_PTR information) {
  RING3_TRY_ASSIGN(auto port, ob::ReferenceHandleAs<KQUEUE>(handle, IO_COMPLETION_MODIFY_STATE,
                                                            g_io_completion_type, mode));
  return PostCompletion(port.get(), key, apc_context, status, information) ? STATUS_SUCCESS
                                                                           : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS RemoveIoCompletion(KPROCESSOR_MODE mode, HANDLE handle, PFILE_IO_COMPLETION_INFORMATION entries,
                            ULONG count, ULONG* removed, const LARGE_INTEGER* timeout, bool alertable) {
  *removed = 0;
  if (count == 0) return STATUS_INVALID_PARAMETER;
  RING3_TRY_ASSIGN(auto port, ob::ReferenceHandleAs<KQUEUE>(handle, IO_COMPLETION_MODIFY_STATE,
                                                            g_io_completion_type, mode));
  if (alertable && KeTestAlertThread(mode)) return STATUS_USER_APC;
  LARGE_INTEGER none = {};
  LARGE_INTEGER first_timeout = {};
  if (timeout != nullptr) first_timeout = *timeout;
  while (*removed < count) {
    // Only the first is waited for.
    PLARGE_INTEGER wait = *removed == 0 ? (timeout == nullptr ? nullptr : &first_timeout) : &none;
    PLIST_ENTRY entry = KeRemoveQueue(port.get(), mode, wait);
    if (!IsPacket(entry)) {
      if (*removed != 0) return STATUS_SUCCESS;
      auto status = static_cast<NTSTATUS>(reinterpret_cast<ULONG_PTR>(entry));
      return status == STATUS_ABANDONED ? STATUS_ABANDONED_WAIT_0 : status;
    }
    auto* packet = CONTAINING_RECORD(entry, Packet, entry);
    entries[(*removed)++] = packet->information;
    ExFreePoolWithTag(packet, kPacketTag);
  }
  return STATUS_SUCCESS;
}

}  // namespace ring3::io
