// SPDX-License-Identifier: MIT
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/ (the Nt forms of the file services)
#include "io/services.h"
#include "nt/capture.h"
#include "nt/process_handle.h"
#include "nt/table.h"
#include "nt/user_entry.h"

namespace ring3::nt {
namespace {

io::RequestArguments Arguments(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context,
                               PIO_STATUS_BLOCK io_status) {
  return {file, event, apc, apc_context, io_status};
}

// Runs a service that has its status block in kernel memory.
template <typename Service>
NTSTATUS WithStatusBlock(PIO_STATUS_BLOCK user, Service service) {
  UserEntry entry;
  RING3_TRY(mm::ProbeUserRange(user, sizeof(*user), alignof(IO_STATUS_BLOCK), mm::Access::kWrite));
  IO_STATUS_BLOCK captured = {};
  const NTSTATUS status = service(&captured);
  RING3_TRY(Write(user, captured));
  return status;
}

}  // namespace

NTSTATUS NtCreateFile(PHANDLE file_handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes,
                      PIO_STATUS_BLOCK io_status, PLARGE_INTEGER allocation_size, ULONG file_attributes,
                      ULONG share_access, ULONG disposition, ULONG create_options, PVOID ea_buffer,
                      ULONG ea_length) {
  HANDLE handle = nullptr;
  const NTSTATUS status = WithStatusBlock(io_status, [&](PIO_STATUS_BLOCK captured_status) -> NTSTATUS {
    RING3_TRY(mm::ProbeUserRange(file_handle, sizeof(*file_handle), alignof(HANDLE), mm::Access::kWrite));
    Attributes captured;
    RING3_TRY(captured.CaptureRequired(attributes));
    Optional<LARGE_INTEGER> size;
    RING3_TRY(size.Capture(allocation_size));
    InputBuffer ea;
    RING3_TRY(ea.Capture(ea_buffer, ea_buffer == nullptr ? 0 : ea_length));
    io::CreateArguments arguments;
    arguments.handle = &handle;
    arguments.desired_access = desired_access;
    arguments.attributes = captured.get();
    arguments.iosb = captured_status;
    if (size.get() != nullptr) arguments.allocation_size = *size.get();
    arguments.file_attributes = file_attributes;
    arguments.share_access = share_access;
    arguments.disposition = disposition;
    arguments.options = create_options;
    arguments.ea = ea.get();
    arguments.ea_byte_count = ea_buffer == nullptr ? 0 : ea_length;
    const NTSTATUS created = io::CreateFile(UserMode, arguments);
    if (NT_SUCCESS(created)) RING3_TRY(Write(file_handle, handle));
    return created;
  });
  return status;
}

NTSTATUS NtDeviceIoControlFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context,
                               PIO_STATUS_BLOCK io_status, ULONG code, PVOID input, ULONG input_byte_count,
                               PVOID output, ULONG output_byte_count) {
  UserEntry entry;
  return io::ControlFile(UserMode, io::ControlKind::kDevice,
                         Arguments(file, event, apc, apc_context, io_status), code, input, input_byte_count,
                         output, output_byte_count);
}

NTSTATUS NtReadFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context,
                    PIO_STATUS_BLOCK io_status, PVOID buffer, ULONG byte_count, PLARGE_INTEGER byte_offset,
                    PULONG key) {
  UserEntry entry;
  Optional<LARGE_INTEGER> offset;
  RING3_TRY(offset.Capture(byte_offset));
  Optional<ULONG> captured_key;
  RING3_TRY(captured_key.Capture(key));
  return io::ReadFile(UserMode, Arguments(file, event, apc, apc_context, io_status), buffer, byte_count,
                      offset.get(), captured_key.get());
}

NTSTATUS NtWriteFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context,
                     PIO_STATUS_BLOCK io_status, PVOID buffer, ULONG byte_count, PLARGE_INTEGER byte_offset,
                     PULONG key) {
  UserEntry entry;
  Optional<LARGE_INTEGER> offset;
  RING3_TRY(offset.Capture(byte_offset));
  Optional<ULONG> captured_key;
  RING3_TRY(captured_key.Capture(key));
  return io::WriteFile(UserMode, Arguments(file, event, apc, apc_context, io_status), buffer, byte_count,
                       offset.get(), captured_key.get());
}

NTSTATUS NtFlushBuffersFile(HANDLE file, PIO_STATUS_BLOCK io_status) {
  UserEntry entry;
  return io::FlushFile(UserMode, file, io_status);
}

NTSTATUS NtQueryInformationFile(HANDLE file, PIO_STATUS_BLOCK io_status, PVOID information, ULONG byte_count,
                                ULONG information_class) {
  UserEntry entry;
  return io::QueryFile(UserMode, file, io_status, information, byte_count,
                       static_cast<FILE_INFORMATION_CLASS>(information_class));
}

NTSTATUS NtSetInformationFile(HANDLE file, PIO_STATUS_BLOCK io_status, PVOID information, ULONG byte_count,
                              ULONG information_class) {
  UserEntry entry;
  return io::SetFile(UserMode, file, io_status, information, byte_count,
                     static_cast<FILE_INFORMATION_CLASS>(information_class));
}

NTSTATUS NtQueryVolumeInformationFile(HANDLE file, PIO_STATUS_BLOCK io_status, PVOID information,
                                      ULONG byte_count, ULONG information_class) {
  UserEntry entry;
  return io::QueryVolume(UserMode, file, io_status, information, byte_count,
                         static_cast<FS_INFORMATION_CLASS>(information_class));
}

NTSTATUS NtCancelIoFile(HANDLE file, PIO_STATUS_BLOCK io_status) {
  UserEntry entry;
  return io::CancelFile(UserMode, file, io::CancelScope::kThread, nullptr, io_status);
}

NTSTATUS NtCancelIoFileEx(HANDLE file, PIO_STATUS_BLOCK io_request, PIO_STATUS_BLOCK io_status) {
  UserEntry entry;
  return io::CancelFile(UserMode, file, io::CancelScope::kProcess, io_request, io_status);
}

// `io_request` is not looked at: a thread waits for one request at a time.
NTSTATUS NtCancelSynchronousIoFile(HANDLE thread_handle, PIO_STATUS_BLOCK, PIO_STATUS_BLOCK io_status) {
  return WithStatusBlock(io_status, [&](PIO_STATUS_BLOCK captured) -> NTSTATUS {
    constexpr ACCESS_MASK kThreadTerminate = 0x1;
    RING3_TRY_ASSIGN(auto thread, ReferenceThread(thread_handle, kThreadTerminate));
    captured->Status = io::CancelSynchronousIo(&thread->tcb);
    return captured->Status;
  });
}

NTSTATUS NtCreateIoCompletion(PHANDLE handle, ACCESS_MASK desired_access, POBJECT_ATTRIBUTES attributes,
                              ULONG count) {
  UserEntry entry;
  Attributes captured;
  RING3_TRY(captured.Capture(attributes));
  HANDLE created = nullptr;
  RING3_TRY(io::CreateIoCompletion(UserMode, &created, desired_access, captured.get(), count));
  return Write(handle, created);
}

NTSTATUS NtSetIoCompletion(HANDLE port, PVOID key, PVOID apc_context, NTSTATUS status,
                           ULONG_PTR information) {
  UserEntry entry;
  return io::SetIoCompletion(UserMode, port, key, apc_context, status, information);
}

NTSTATUS NtRemoveIoCompletion(HANDLE port, PVOID* key, PVOID* apc_context, PIO_STATUS_BLOCK io_status,
                              BOOLEAN alertable, PLARGE_INTEGER timeout) {
  UserEntry entry;
  Optional<LARGE_INTEGER> captured_timeout;
  RING3_TRY(captured_timeout.Capture(timeout));
  FILE_IO_COMPLETION_INFORMATION packet = {};
  ULONG removed = 0;
  const NTSTATUS status = io::RemoveIoCompletion(UserMode, port, &packet, 1, &removed, captured_timeout.get(),
                                                 alertable != FALSE);
  if (removed == 0) return status;
  RING3_TRY(Write(key, packet.KeyContext));
  RING3_TRY(Write(apc_context, packet.ApcContext));
  RING3_TRY(Write(io_status, packet.IoStatusBlock));
  return STATUS_SUCCESS;
}

}  // namespace ring3::nt
