// SPDX-License-Identifier: MIT
#include "io/error_log.h"

#include <ddi/ex.h>
#include <ddi/io_ntddk.h>
#include <ntstatus.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <string>

#include "ob/object.h"

namespace {

constexpr ULONG kTag = 'gLoI';
std::atomic<bool> g_print{false};

struct Entry {
  PVOID object;
  ULONG packet_byte_count;
  ULONG reserved;
  IO_ERROR_LOG_PACKET packet;
};

Entry* EntryOf(PVOID packet) {
  return CONTAINING_RECORD(packet, Entry, packet);
}

const UNICODE_STRING* DriverNameOf(PVOID object) {
  if (object == nullptr) return nullptr;
  CSHORT type = *static_cast<CSHORT*>(object);
  if (type == IO_TYPE_DRIVER) return &static_cast<PDRIVER_OBJECT>(object)->DriverName;
  if (type == IO_TYPE_DEVICE) return &static_cast<PDEVICE_OBJECT>(object)->DriverObject->DriverName;
  return nullptr;
}

void Print(const Entry& entry) {
  const UNICODE_STRING* name = DriverNameOf(entry.object);
  std::string driver = name == nullptr ? "?" : ring3::ob::Narrow(ring3::ob::View(*name));
  const IO_ERROR_LOG_PACKET& packet = entry.packet;
  std::fprintf(stderr, "error log: %s: error %08x, status %08x, unique value %u\n", driver.c_str(),
               static_cast<unsigned>(packet.ErrorCode), static_cast<unsigned>(packet.FinalStatus),
               packet.UniqueErrorValue);
}

}  // namespace

namespace ring3::io {

void SetErrorLogVerbosity(ErrorLogVerbosity verbosity) {
  g_print = verbosity == ErrorLogVerbosity::kPrint;
}

}  // namespace ring3::io

extern "C" {

// A zeroed entry of `EntrySize` bytes; null where that is more than ERROR_LOG_MAXIMUM_SIZE or less than a
// packet, or memory is exhausted. IRQL <= DISPATCH_LEVEL. nf-wdm-ioallocateerrorlogentry
PVOID IoAllocateErrorLogEntry(PVOID IoObject, UCHAR EntrySize) {
  if (EntrySize > ERROR_LOG_MAXIMUM_SIZE || EntrySize < FIELD_OFFSET(IO_ERROR_LOG_PACKET, DumpData))
    return nullptr;
  size_t byte_count = sizeof(Entry) + EntrySize;
  auto* entry = static_cast<Entry*>(ExAllocatePoolWithTag(NonPagedPoolNx, byte_count, kTag));
  if (entry == nullptr) return nullptr;
  std::memset(static_cast<void*>(entry), 0, byte_count);
  entry->object = IoObject;
  if (IoObject != nullptr) ring3::ob::Reference(IoObject);
  return &entry->packet;
}

// nf-wdm-iofreeerrorlogentry
VOID IoFreeErrorLogEntry(PVOID ElEntry) {
  Entry* entry = EntryOf(ElEntry);
  if (entry->object != nullptr) ring3::ob::Dereference(entry->object);
  ExFreePoolWithTag(entry, kTag);
}

// Writes and frees the entry. IRQL <= DISPATCH_LEVEL. nf-wdm-iowriteerrorlogentry
VOID IoWriteErrorLogEntry(PVOID ElEntry) {
  if (g_print) Print(*EntryOf(ElEntry));
  IoFreeErrorLogEntry(ElEntry);
}

}  // extern "C"
