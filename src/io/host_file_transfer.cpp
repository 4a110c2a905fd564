// SPDX-License-Identifier: MIT
// IRP_MJ_READ, IRP_MJ_WRITE and IRP_MJ_FLUSH_BUFFERS of drive C:.
#include <ddi/mm.h>
#include <ntstatus.h>

#include "io/file.h"
#include "io/host_file_system.h"

namespace ring3::io {
namespace {

// The requester's locked buffer. Null: memory is exhausted.
void* BufferOf(PIRP irp) {
  return irp->MdlAddress == nullptr ? nullptr
                                    : MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
}

void Advance(PFILE_OBJECT file, uint64_t position) {
  if (HasFlag(*file, FO_SYNCHRONOUS_IO)) file->CurrentByteOffset.QuadPart = static_cast<LONGLONG>(position);
}

bool IsData(PFILE_OBJECT file) {
  return FcbOf(file) != nullptr && !FcbOf(file)->is_directory;
}

}  // namespace

NTSTATUS HostFileRead(PDEVICE_OBJECT, PIRP irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
  PFILE_OBJECT file = stack->FileObject;
  const ULONG byte_count = stack->Parameters.Read.Length;
  if (!IsData(file)) return FinishHostRequest(irp, STATUS_INVALID_DEVICE_REQUEST);
  if (byte_count == 0) return FinishHostRequest(irp, STATUS_SUCCESS);
  void* buffer = BufferOf(irp);
  if (buffer == nullptr) return FinishHostRequest(irp, STATUS_INSUFFICIENT_RESOURCES);
  const auto offset = static_cast<uint64_t>(stack->Parameters.Read.ByteOffset.QuadPart);
  size_t transferred = 0;
  NTSTATUS status = StatusOf(OpenOf(file)->file.Read(offset, buffer, byte_count, &transferred));
  if (NT_SUCCESS(status) && transferred == 0) status = STATUS_END_OF_FILE;
  if (NT_SUCCESS(status)) Advance(file, offset + transferred);
  return FinishHostRequest(irp, status, transferred);
}

NTSTATUS HostFileWrite(PDEVICE_OBJECT, PIRP irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
  PFILE_OBJECT file = stack->FileObject;
  const ULONG byte_count = stack->Parameters.Write.Length;
  if (!IsData(file)) return FinishHostRequest(irp, STATUS_INVALID_DEVICE_REQUEST);
  if (byte_count == 0) return FinishHostRequest(irp, STATUS_SUCCESS);
  const void* buffer = BufferOf(irp);
  if (buffer == nullptr) return FinishHostRequest(irp, STATUS_INSUFFICIENT_RESOURCES);
  size_t transferred = 0;
  NTSTATUS status = STATUS_SUCCESS;
  {
    FastMutexGuard guard(FcbOf(file)->length_lock);
    const os::HostFile& host = OpenOf(file)->file;
    auto offset = static_cast<uint64_t>(stack->Parameters.Write.ByteOffset.QuadPart);
    // FILE_WRITE_TO_END_OF_FILE: the I/O manager lets no other negative offset pass.
    if (stack->Parameters.Write.ByteOffset.QuadPart < 0) {
      os::HostFileStatus now;
      status = StatusOf(host.Status(&now));
      offset = now.byte_count;
    }
    if (NT_SUCCESS(status)) status = StatusOf(host.Write(offset, buffer, byte_count, &transferred));
    if (NT_SUCCESS(status)) Advance(file, offset + transferred);
  }
  if (NT_SUCCESS(status) && (stack->Flags & SL_WRITE_THROUGH) != 0)
    status = StatusOf(OpenOf(file)->file.Flush());
  return FinishHostRequest(irp, status, transferred);
}

NTSTATUS HostFileFlush(PDEVICE_OBJECT, PIRP irp) {
  PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
  if (!IsData(file)) return FinishHostRequest(irp, STATUS_SUCCESS);
  return FinishHostRequest(irp, StatusOf(OpenOf(file)->file.Flush()));
}

}  // namespace ring3::io
