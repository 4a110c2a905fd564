// SPDX-License-Identifier: MIT
// IRP_MJ_READ, IRP_MJ_WRITE and IRP_MJ_FLUSH_BUFFERS.
#include <ntstatus.h>

#include "io/file.h"
#include "ke/driver_gate.h"

namespace ring3::io {
namespace {

struct Transfer {
  KPROCESSOR_MODE mode;
  bool is_write;
  void* buffer;
  ULONG byte_count;
  LARGE_INTEGER offset;
  ULONG key;
};

constexpr LONG kMinusOne = -1;

// Where the transfer begins. STATUS_INVALID_PARAMETER for a negative offset that means nothing, or for none
// at all where the file has no position.
Status ResolveOffset(const FILE_OBJECT& file, const LARGE_INTEGER* given, ACCESS_MASK granted,
                     Transfer* transfer) {
  const bool has_position = HasFlag(file, FO_SYNCHRONOUS_IO);
  bool append_only =
      transfer->is_write && (granted & (FILE_APPEND_DATA | FILE_WRITE_DATA)) == FILE_APPEND_DATA;
  if (append_only) {
    transfer->offset.LowPart = FILE_WRITE_TO_END_OF_FILE;
    transfer->offset.HighPart = kMinusOne;
    return STATUS_SUCCESS;
  }
  if (given == nullptr ||
      (given->HighPart == kMinusOne && given->LowPart == FILE_USE_FILE_POINTER_POSITION)) {
    if (has_position) {
      transfer->offset = file.CurrentByteOffset;
      return STATUS_SUCCESS;
    }
    // Devices without positions take requests without offsets.
    if (given != nullptr || HasFlag(file, FO_NAMED_PIPE | FO_MAILSLOT)) return STATUS_INVALID_PARAMETER;
    transfer->offset.QuadPart = 0;
    return STATUS_SUCCESS;
  }
  transfer->offset = *given;
  if (given->QuadPart >= 0) return STATUS_SUCCESS;
  bool to_end =
      transfer->is_write && given->HighPart == kMinusOne && given->LowPart == FILE_WRITE_TO_END_OF_FILE;
  return to_end ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

Status CheckAlignment(const FILE_OBJECT& file, PDEVICE_OBJECT device, const Transfer& transfer) {
  if (!HasFlag(file, FO_NO_INTERMEDIATE_BUFFERING) || device->SectorSize == 0) return STATUS_SUCCESS;
  ULONG mask = device->SectorSize - 1u;
  if ((transfer.byte_count & mask) != 0) return STATUS_INVALID_PARAMETER;
  if ((reinterpret_cast<uintptr_t>(transfer.buffer) & device->AlignmentRequirement) != 0)
    return STATUS_INVALID_PARAMETER;
  if (transfer.offset.QuadPart >= 0 && (transfer.offset.LowPart & mask) != 0) return STATUS_INVALID_PARAMETER;
  return STATUS_SUCCESS;
}

bool TryFast(const Transfer& transfer, const RequestArguments& request, FILE_OBJECT* file, NTSTATUS* status) {
  PDEVICE_OBJECT device = IoGetRelatedDeviceObject(file);
  PFAST_IO_DISPATCH dispatch = device->DriverObject->FastIoDispatch;
  if (__builtin_expect(dispatch == nullptr, true)) return false;
  // Only for files with cached data and their position here, as for file systems.
  if (file->PrivateCacheMap == nullptr || !HasFlag(*file, FO_SYNCHRONOUS_IO) || request.event != nullptr ||
      request.apc_routine != nullptr) {
    return false;
  }
  auto routine = transfer.is_write ? dispatch->FastIoWrite : dispatch->FastIoRead;
  if (routine == nullptr) return false;
  IO_STATUS_BLOCK result = {};
  LARGE_INTEGER offset = transfer.offset;
  BOOLEAN done =
      ke::CallDriver(device->DriverObject, ke::Callback::kFastIo, routine, file, &offset, transfer.byte_count,
                     BOOLEAN{TRUE}, transfer.key, transfer.buffer, &result, device);
  if (!done) return false;
  if (result.Status != STATUS_SUCCESS && result.Status != STATUS_BUFFER_OVERFLOW &&
      result.Status != STATUS_END_OF_FILE) {
    return false;
  }
  *status = result.Status;
  Status written = WriteUserStatusBlock(transfer.mode, request.iosb, result.Status, result.Information);
  if (!written.ok()) *status = written.status();
  return true;
}

// By the flags of the device that the request goes to.
Status Prepare(const Transfer& transfer, PDEVICE_OBJECT device, IRP* irp) {
  irp->Flags |= transfer.is_write ? IRP_WRITE_OPERATION : IRP_READ_OPERATION;
  IrpHeader::Of(irp)->output_byte_count = transfer.is_write ? 0 : transfer.byte_count;
  irp->UserBuffer = transfer.buffer;
  if ((device->Flags & DO_BUFFERED_IO) != 0) {
    if (transfer.byte_count == 0) return STATUS_SUCCESS;
    if (!transfer.is_write) RING3_TRY(ProbeForWriting(transfer.mode, transfer.buffer, transfer.byte_count));
    void* buffer = AllocateSystemBuffer(irp, transfer.byte_count);
    if (buffer == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
    if (transfer.is_write) return CaptureInput(transfer.mode, buffer, transfer.buffer, transfer.byte_count);
    irp->Flags |= IRP_INPUT_OPERATION;
    return STATUS_SUCCESS;
  }
  if ((device->Flags & DO_DIRECT_IO) != 0) {
    if (transfer.byte_count == 0) return STATUS_SUCCESS;
    return LockBuffer(transfer.mode, irp, transfer.buffer, transfer.byte_count,
                      transfer.is_write ? IoReadAccess : IoWriteAccess);
  }
  return ProbeForReading(transfer.mode, transfer.buffer, transfer.byte_count);
}

NTSTATUS DoTransfer(Transfer transfer, const RequestArguments& arguments, const LARGE_INTEGER* byte_offset,
                    const ULONG* key) {
  // Append access is enough to write, at the end.
  Result<RequestFile> reference =
      ReferenceFile(arguments.file, transfer.is_write ? 0 : FILE_READ_DATA, transfer.mode);
  if (!reference.ok()) return reference.status();
  if (transfer.is_write && (reference->granted_access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) == 0) {
    return STATUS_ACCESS_DENIED;
  }
  ob::Ref<FILE_OBJECT> file = std::move(reference->file);
  transfer.key = key == nullptr ? 0 : *key;
  SynchronousFileLock lock(file.get());
  RING3_TRY(ResolveOffset(*file.get(), byte_offset, reference->granted_access, &transfer));
  RING3_TRY(CheckAlignment(*file.get(), file->DeviceObject, transfer));
  NTSTATUS status = STATUS_SUCCESS;
  if (TryFast(transfer, arguments, file.get(), &status)) return status;
  Result<Request> request =
      BeginRequest(transfer.mode, arguments, file, transfer.is_write ? IRP_MJ_WRITE : IRP_MJ_READ);
  if (!request.ok()) return request.status();
  Status prepared = Prepare(transfer, request->device, request->irp);
  if (!prepared.ok()) {
    AbandonRequest(request->irp);
    return prepared.status();
  }
  PIO_STACK_LOCATION stack = request->stack();
  if (key != nullptr) stack->Flags |= SL_KEY_SPECIFIED;
  if (transfer.is_write && HasFlag(*stack->FileObject, FO_WRITE_THROUGH)) stack->Flags |= SL_WRITE_THROUGH;
  stack->Parameters.Read.Length = transfer.byte_count;
  stack->Parameters.Read.Key = transfer.key;
  stack->Parameters.Read.ByteOffset = transfer.offset;
  return IssueRequest(*request);
}

}  // namespace

NTSTATUS ReadFile(KPROCESSOR_MODE mode, const RequestArguments& request, void* buffer, ULONG byte_count,
                  const LARGE_INTEGER* byte_offset, const ULONG* key) {
  return DoTransfer({mode, false, buffer, byte_count, {}, 0}, request, byte_offset, key);
}

NTSTATUS WriteFile(KPROCESSOR_MODE mode, const RequestArguments& request, const void* buffer,
                   ULONG byte_count, const LARGE_INTEGER* byte_offset, const ULONG* key) {
  return DoTransfer({mode, true, const_cast<void*>(buffer), byte_count, {}, 0}, request, byte_offset, key);
}

NTSTATUS FlushFile(KPROCESSOR_MODE mode, HANDLE handle, PIO_STATUS_BLOCK iosb) {
  Result<RequestFile> reference = ReferenceFile(handle, 0, mode);
  if (!reference.ok()) return reference.status();
  if ((reference->granted_access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) == 0) return STATUS_ACCESS_DENIED;
  RING3_TRY(ProbeForWriting(mode, iosb, sizeof(*iosb)));
  SynchronousFileLock lock(reference->file.get());
  Result<Request> request = BeginKernelRequest(mode, reference->file.get(), IRP_MJ_FLUSH_BUFFERS);
  if (!request.ok()) return request.status();
  return IssueRequestAndWait(mode, *request, iosb);
}

}  // namespace ring3::io
