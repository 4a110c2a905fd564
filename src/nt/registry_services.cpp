// SPDX-License-Identifier: MIT
#include "cm/services.h"
#include "nt/capture.h"
#include "nt/process_handle.h"
#include "nt/table.h"
#include "nt/user_entry.h"

namespace ring3::nt {
namespace {

// A query that fills a buffer as far as it goes.
template <typename Query>
NTSTATUS Querying(PVOID information, ULONG byte_count, PULONG returned_byte_count, Query query) {
  OutputBuffer buffer;
  RING3_TRY(buffer.Prepare(information, byte_count));
  ULONG needed = 0;
  const NTSTATUS status = query(buffer.get(), &needed);
  if (NT_SUCCESS(status) || status == STATUS_BUFFER_OVERFLOW) RING3_TRY(buffer.CopyOut(needed));
  if (NT_SUCCESS(status) || needed != 0) RING3_TRY(Write(returned_byte_count, needed));
  return status;
}

}  // namespace

NTSTATUS NtCreateKey(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes, ULONG,
                     PUNICODE_STRING key_class, ULONG create_options, PULONG disposition) {
  ULONG captured_disposition = 0;
  const NTSTATUS status =
      Opening(handle, attributes, [&](PHANDLE made, POBJECT_ATTRIBUTES captured) -> NTSTATUS {
        String captured_class;
        if (key_class != nullptr) RING3_TRY(captured_class.Capture(key_class));
        RING3_TRY(cm::CreateKey(UserMode, made, desired_access, captured, captured_class.get(),
                                create_options, &captured_disposition));
        return WriteOptional(disposition, captured_disposition);
      });
  return status;
}

NTSTATUS NtOpenKey(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes) {
  return Opening(handle, attributes, [&](PHANDLE opened, POBJECT_ATTRIBUTES captured) {
    return cm::OpenKey(UserMode, opened, desired_access, captured);
  });
}

NTSTATUS NtDeleteKey(HANDLE key) {
  UserEntry entry;
  return cm::DeleteKey(UserMode, key);
}

NTSTATUS NtSetValueKey(HANDLE key, PUNICODE_STRING name, ULONG, ULONG type, PVOID data, ULONG byte_count) {
  UserEntry entry;
  String captured;
  RING3_TRY(captured.Capture(name));
  InputBuffer input;
  RING3_TRY(input.Capture(data, byte_count));
  return cm::SetValueKey(UserMode, key, captured.get(), type, input.get(), byte_count);
}

NTSTATUS NtQueryValueKey(HANDLE key, PUNICODE_STRING name, ULONG information_class, PVOID information,
                         ULONG byte_count, PULONG returned_byte_count) {
  UserEntry entry;
  String captured;
  RING3_TRY(captured.Capture(name));
  return Querying(information, byte_count, returned_byte_count, [&](PVOID buffer, PULONG needed) {
    return cm::QueryValueKey(UserMode, key, captured.get(),
                             static_cast<KEY_VALUE_INFORMATION_CLASS>(information_class), buffer, byte_count,
                             needed);
  });
}

NTSTATUS NtDeleteValueKey(HANDLE key, PUNICODE_STRING name) {
  UserEntry entry;
  String captured;
  RING3_TRY(captured.Capture(name));
  return cm::DeleteValueKey(UserMode, key, captured.get());
}

NTSTATUS NtEnumerateKey(HANDLE key, ULONG index, ULONG information_class, PVOID information, ULONG byte_count,
                        PULONG returned_byte_count) {
  UserEntry entry;
  return Querying(information, byte_count, returned_byte_count, [&](PVOID buffer, PULONG needed) {
    return cm::EnumerateKey(UserMode, key, index, static_cast<KEY_INFORMATION_CLASS>(information_class),
                            buffer, byte_count, needed);
  });
}

}  // namespace ring3::nt
