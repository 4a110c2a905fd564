// SPDX-License-Identifier: MIT
#include <algorithm>

#include "nt/capture.h"
#include "nt/information.h"
#include "nt/process_handle.h"
#include "nt/table.h"
#include "nt/user_entry.h"
#include "ob/directory_services.h"
#include "ob/handle_table.h"
#include "ob/object.h"
#include "ob/process_head.h"
#include "ob/query.h"

namespace ring3::nt {
namespace {

constexpr ULONG kProtectClose = 1;  // of a handle table entry's attributes

Result<ob::HandleTable::Entry> EntryOf(HANDLE handle) {
  ob::HandleTable::Entry entry;
  if (ob::IsKernelHandle(handle)) return STATUS_INVALID_HANDLE;
  if (!ob::HeadOf(ob::CurrentProcess())->handles->Reference(handle, &entry)) return STATUS_INVALID_HANDLE;
  ob::Dereference(entry.object);
  return entry;
}

NTSTATUS QueryHandleFlags(HANDLE handle, PVOID information, ULONG byte_count, PULONG returned_byte_count) {
  RING3_TRY(WriteOptional(returned_byte_count, ULONG{sizeof(HandleFlagInformation)}));
  if (byte_count != sizeof(HandleFlagInformation)) return STATUS_INFO_LENGTH_MISMATCH;
  RING3_TRY_ASSIGN(const ob::HandleTable::Entry entry, EntryOf(handle));
  return Write(static_cast<HandleFlagInformation*>(information),
               {static_cast<BOOLEAN>((entry.attributes & OBJ_INHERIT) != 0),
                static_cast<BOOLEAN>((entry.attributes & kProtectClose) != 0)});
}

}  // namespace

NTSTATUS NtClose(HANDLE handle) {
  UserEntry entry;
  return ob::CloseHandle(handle, UserMode);
}

NTSTATUS NtDuplicateObject(HANDLE source_process, HANDLE source, HANDLE target_process, PHANDLE target,
                           ACCESS_MASK desired_access, ULONG attributes, ULONG options) {
  UserEntry entry;
  constexpr ACCESS_MASK kDuplicateHandle = 0x40;
  if (target != nullptr) {
    RING3_TRY(mm::ProbeUserRange(target, sizeof(*target), alignof(HANDLE), mm::Access::kWrite));
  }
  RING3_TRY_ASSIGN(auto from, ReferenceProcess(source_process, kDuplicateHandle));
  ob::Ref<_EPROCESS> to;
  if (target_process != nullptr) {
    RING3_TRY_ASSIGN(to, ReferenceProcess(target_process, kDuplicateHandle));
  }
  RING3_TRY_ASSIGN(const HANDLE made,
                   ob::DuplicateHandle(from.get(), source, to.get(), desired_access,
                                       attributes & ~ULONG{OBJ_KERNEL_HANDLE}, options, UserMode));
  return target == nullptr ? STATUS_SUCCESS : Write(target, made).status();
}

NTSTATUS NtQueryObject(HANDLE handle, ULONG information_class, PVOID information, ULONG byte_count,
                       PULONG returned_byte_count) {
  UserEntry entry;
  if (information_class == kObjectHandleFlagInformation) {
    return QueryHandleFlags(handle, information, byte_count, returned_byte_count);
  }
  OutputBuffer buffer;
  RING3_TRY(buffer.Prepare(information, byte_count));
  ULONG needed = 0;
  const NTSTATUS status =
      ob::QueryObject(UserMode, handle, static_cast<OBJECT_INFORMATION_CLASS>(information_class),
                      buffer.get(), byte_count, &needed);
  RING3_TRY(WriteOptional(returned_byte_count, needed));
  if (!NT_SUCCESS(status)) return status;
  // Strings lie in the buffer itself: their addresses are the application's.
  const auto rebase = [&](UNICODE_STRING& string) {
    if (string.Buffer == nullptr) return;
    const auto offset = reinterpret_cast<UCHAR*>(string.Buffer) - static_cast<UCHAR*>(buffer.get());
    string.Buffer = reinterpret_cast<PWCH>(static_cast<UCHAR*>(information) + offset);
  };
  if (information_class == ObjectNameInformation)
    rebase(static_cast<OBJECT_NAME_INFORMATION*>(buffer.get())->Name);
  if (information_class == ObjectTypeInformation) {
    rebase(static_cast<PUBLIC_OBJECT_TYPE_INFORMATION*>(buffer.get())->TypeName);
  }
  return buffer.CopyOut(needed);
}

NTSTATUS NtSetInformationObject(HANDLE handle, ULONG information_class, PVOID information, ULONG byte_count) {
  UserEntry entry;
  if (information_class != kObjectHandleFlagInformation) return STATUS_INVALID_INFO_CLASS;
  if (byte_count != sizeof(HandleFlagInformation)) return STATUS_INFO_LENGTH_MISMATCH;
  HandleFlagInformation flags;
  RING3_TRY(Read(static_cast<const HandleFlagInformation*>(information), &flags));
  if (ob::IsKernelHandle(handle)) return STATUS_INVALID_HANDLE;
  return ob::HeadOf(ob::CurrentProcess())
      ->handles
      ->SetAttributes(handle,
                      (flags.inherit ? OBJ_INHERIT : 0) | (flags.protect_from_close ? kProtectClose : 0))
      .status();
}

NTSTATUS NtOpenDirectoryObject(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes) {
  return Opening(handle, attributes, [&](PHANDLE opened, POBJECT_ATTRIBUTES captured) {
    return ob::OpenDirectoryObject(UserMode, opened, desired_access, captured);
  });
}

NTSTATUS NtQueryDirectoryObject(HANDLE directory, PVOID buffer, ULONG byte_count, BOOLEAN single_entry,
                                BOOLEAN restart, PULONG context, PULONG returned_byte_count) {
  UserEntry entry;
  OutputBuffer output;
  RING3_TRY(output.Prepare(buffer, byte_count));
  ULONG position = 0;
  RING3_TRY(Read(context, &position));
  ULONG needed = 0;
  const NTSTATUS status = ob::QueryDirectoryObject(UserMode, directory, output.get(), byte_count,
                                                   single_entry, restart, &position, &needed);
  RING3_TRY(WriteOptional(returned_byte_count, needed));
  if (!NT_SUCCESS(status)) return status;
  const auto rebase = [&](UNICODE_STRING& string) {
    const auto offset = reinterpret_cast<UCHAR*>(string.Buffer) - static_cast<UCHAR*>(output.get());
    string.Buffer = reinterpret_cast<PWCH>(static_cast<UCHAR*>(buffer) + offset);
  };
  for (auto* record = static_cast<OBJECT_DIRECTORY_INFORMATION*>(output.get());
       record->Name.Buffer != nullptr; ++record) {
    rebase(record->Name);
    rebase(record->TypeName);
  }
  RING3_TRY(output.CopyOut(needed));
  RING3_TRY(Write(context, position));
  return status;
}

NTSTATUS NtOpenSymbolicLinkObject(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes) {
  return Opening(handle, attributes, [&](PHANDLE opened, POBJECT_ATTRIBUTES captured) {
    return ob::OpenSymbolicLinkObject(UserMode, opened, desired_access, captured);
  });
}

NTSTATUS NtQuerySymbolicLinkObject(HANDLE link, PUNICODE_STRING target, PULONG returned_byte_count) {
  UserEntry entry;
  UNICODE_STRING user;
  RING3_TRY(Read(target, &user));
  OutputBuffer text;
  RING3_TRY(text.Prepare(user.Buffer, user.MaximumLength));
  UNICODE_STRING captured = {0, user.MaximumLength, static_cast<PWCH>(text.get())};
  ULONG needed = 0;
  const NTSTATUS status = ob::QuerySymbolicLinkObject(UserMode, link, &captured, &needed);
  RING3_TRY(WriteOptional(returned_byte_count, needed));
  if (!NT_SUCCESS(status)) return status;
  RING3_TRY(text.CopyOut(std::min<ULONG>(needed, user.MaximumLength)));
  user.Length = captured.Length;
  return Write(target, user);
}

}  // namespace ring3::nt
