// SPDX-License-Identifier: MIT
// Querying and setting information about files.
#include <ddi/ob_ntddk.h>
#include <ntstatus.h>

#include <algorithm>
#include <cstring>

#include "io/completion_port.h"
#include "io/file.h"
#include "mm/user_memory.h"

namespace ring3::io {
namespace {

// The structure's least length and the access that the class takes; kUnknown: STATUS_INVALID_INFO_CLASS.
struct ClassRule {
  ULONG least_byte_count;
  ACCESS_MASK access;
};
constexpr ClassRule kUnknown{~0u, 0};

ClassRule QueryRule(FILE_INFORMATION_CLASS information_class) {
  switch (information_class) {
    case FileBasicInformation:
      return {sizeof(FILE_BASIC_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileStandardInformation:
      return {sizeof(FILE_STANDARD_INFORMATION), 0};
    case FileInternalInformation:
      return {sizeof(FILE_INTERNAL_INFORMATION), 0};
    case FileEaInformation:
      return {sizeof(FILE_EA_INFORMATION), 0};
    case FileAccessInformation:
      return {sizeof(FILE_ACCESS_INFORMATION), 0};
    case FileNameInformation:
      return {sizeof(FILE_NAME_INFORMATION), 0};
    case FilePositionInformation:
      return {sizeof(FILE_POSITION_INFORMATION), 0};
    case FileModeInformation:
      return {sizeof(FILE_MODE_INFORMATION), 0};
    case FileAlignmentInformation:
      return {sizeof(FILE_ALIGNMENT_INFORMATION), 0};
    case FileAllInformation:
      return {sizeof(FILE_ALL_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileNetworkOpenInformation:
      return {sizeof(FILE_NETWORK_OPEN_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileAttributeTagInformation:
      return {sizeof(FILE_ATTRIBUTE_TAG_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileIsRemoteDeviceInformation:
      return {sizeof(FILE_IS_REMOTE_DEVICE_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileIoCompletionNotificationInformation:
      return {sizeof(FILE_IO_COMPLETION_NOTIFICATION_INFORMATION), 0};
    default:
      return kUnknown;
  }
}

ClassRule SetRule(FILE_INFORMATION_CLASS information_class) {
  switch (information_class) {
    case FileBasicInformation:
      return {sizeof(FILE_BASIC_INFORMATION), FILE_WRITE_ATTRIBUTES};
    case FileRenameInformation:
      return {sizeof(FILE_RENAME_INFORMATION), DELETE};
    case FileDispositionInformation:
      return {sizeof(FILE_DISPOSITION_INFORMATION), DELETE};
    case FilePositionInformation:
      return {sizeof(FILE_POSITION_INFORMATION), 0};
    case FileModeInformation:
      return {sizeof(FILE_MODE_INFORMATION), 0};
    case FileAllocationInformation:
      return {sizeof(FILE_ALLOCATION_INFORMATION), FILE_WRITE_DATA};
    case FileEndOfFileInformation:
      return {sizeof(FILE_END_OF_FILE_INFORMATION), FILE_WRITE_DATA};
    case FileValidDataLengthInformation:
      return {sizeof(FILE_VALID_DATA_LENGTH_INFORMATION), FILE_WRITE_DATA};
    case FileCompletionInformation:
      return {sizeof(FILE_COMPLETION_INFORMATION), 0};
    case FileIoCompletionNotificationInformation:
      return {sizeof(FILE_IO_COMPLETION_NOTIFICATION_INFORMATION), 0};
    default:
      return kUnknown;
  }
}

ULONG ModeOf(const FILE_OBJECT& file) {
  ULONG mode = 0;
  if (HasFlag(file, FO_SYNCHRONOUS_IO)) {
    mode |= HasFlag(file, FO_ALERTABLE_IO) ? FILE_SYNCHRONOUS_IO_ALERT : FILE_SYNCHRONOUS_IO_NONALERT;
  }
  if (HasFlag(file, FO_WRITE_THROUGH)) mode |= FILE_WRITE_THROUGH;
  if (HasFlag(file, FO_SEQUENTIAL_ONLY)) mode |= FILE_SEQUENTIAL_ONLY;
  if (HasFlag(file, FO_NO_INTERMEDIATE_BUFFERING)) mode |= FILE_NO_INTERMEDIATE_BUFFERING;
  return mode;
}

ULONG CompletionModeOf(const FILE_OBJECT& file) {
  ULONG flags = 0;
  if (HasFlag(file, FO_SKIP_COMPLETION_PORT)) flags |= FILE_SKIP_COMPLETION_PORT_ON_SUCCESS;
  if (HasFlag(file, FO_SKIP_SET_EVENT)) flags |= FILE_SKIP_SET_EVENT_ON_HANDLE;
  if (HasFlag(file, FO_SKIP_SET_FAST_IO)) flags |= FILE_SKIP_SET_USER_EVENT_ON_FAST_IO;
  return flags;
}

// What the I/O manager knows by itself. False: the driver is asked.
bool Answer(const RequestFile& file, FILE_INFORMATION_CLASS information_class, LONGLONG* answer,
            ULONG* byte_count) {
  switch (information_class) {
    case FileAccessInformation:
      *answer = file.granted_access;
      *byte_count = sizeof(FILE_ACCESS_INFORMATION);
      return true;
    case FileModeInformation:
      *answer = ModeOf(*file.file.get());
      *byte_count = sizeof(FILE_MODE_INFORMATION);
      return true;
    case FileAlignmentInformation:
      *answer = IoGetRelatedDeviceObject(file.file.get())->AlignmentRequirement;
      *byte_count = sizeof(FILE_ALIGNMENT_INFORMATION);
      return true;
    case FilePositionInformation:
      if (!HasFlag(*file.file.get(), FO_SYNCHRONOUS_IO)) return false;
      *answer = file.file->CurrentByteOffset.QuadPart;
      *byte_count = sizeof(FILE_POSITION_INFORMATION);
      return true;
    case FileIoCompletionNotificationInformation:
      *answer = CompletionModeOf(*file.file.get());
      *byte_count = sizeof(FILE_IO_COMPLETION_NOTIFICATION_INFORMATION);
      return true;
    default:
      return false;
  }
}

// Gives the answer to the requester.
NTSTATUS Deliver(KPROCESSOR_MODE mode, PIO_STATUS_BLOCK iosb, void* destination, const void* source,
                 ULONG byte_count);

Status SetCompletionPort(const RequestFile& file, const FILE_COMPLETION_INFORMATION& information,
                         KPROCESSOR_MODE mode) {
  if (HasFlag(*file.file.get(), FO_SYNCHRONOUS_IO) || file.file->CompletionContext != nullptr) {
    return STATUS_INVALID_PARAMETER;
  }
  RING3_TRY_ASSIGN(void* port, ob::ReferenceByHandle(information.Port, IO_COMPLETION_MODIFY_STATE,
                                                     g_io_completion_type, mode));
  File* own = File::Of(file.file.get());
  own->completion = {port, information.Key};
  PIO_COMPLETION_CONTEXT expected = nullptr;
  if (!__atomic_compare_exchange_n(&file.file->CompletionContext, &expected, &own->completion, false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    ob::Dereference(port);
    return STATUS_INVALID_PARAMETER;
  }
  return STATUS_SUCCESS;
}

Status SetCompletionMode(FILE_OBJECT* file, ULONG flags) {
  constexpr ULONG kValid = FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE |
                           FILE_SKIP_SET_USER_EVENT_ON_FAST_IO;
  if ((flags & ~kValid) != 0) return STATUS_INVALID_PARAMETER;
  if ((flags & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) != 0 && HasFlag(*file, FO_SYNCHRONOUS_IO)) {
    return STATUS_INVALID_PARAMETER;
  }
  // Once set, a mode stays.
  ULONG set = 0;
  if ((flags & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) != 0) set |= FO_SKIP_COMPLETION_PORT;
  if ((flags & FILE_SKIP_SET_EVENT_ON_HANDLE) != 0) set |= FO_SKIP_SET_EVENT;
  if ((flags & FILE_SKIP_SET_USER_EVENT_ON_FAST_IO) != 0) set |= FO_SKIP_SET_FAST_IO;
  __atomic_fetch_or(&file->Flags, set, __ATOMIC_RELAXED);
  return STATUS_SUCCESS;
}

// True where the I/O manager does it alone; `*status` then says how it went.
bool SetByItself(const RequestFile& file, FILE_INFORMATION_CLASS information_class, const void* information,
                 KPROCESSOR_MODE mode, NTSTATUS* status) {
  switch (information_class) {
    case FilePositionInformation: {
      auto offset = static_cast<const FILE_POSITION_INFORMATION*>(information)->CurrentByteOffset;
      if (!HasFlag(*file.file.get(), FO_SYNCHRONOUS_IO)) return false;
      *status = offset.QuadPart < 0 ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
      if (NT_SUCCESS(*status)) file.file->CurrentByteOffset = offset;
      return true;
    }
    case FileModeInformation: {
      ULONG file_mode = static_cast<const FILE_MODE_INFORMATION*>(information)->Mode;
      *status = (file_mode & ~ULONG{FILE_VALID_SET_FLAGS}) != 0 ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
      if (!NT_SUCCESS(*status)) return true;
      ULONG set = 0;
      if ((file_mode & FILE_WRITE_THROUGH) != 0) set |= FO_WRITE_THROUGH;
      if ((file_mode & FILE_SEQUENTIAL_ONLY) != 0) set |= FO_SEQUENTIAL_ONLY;
      __atomic_fetch_or(&file.file->Flags, set, __ATOMIC_RELAXED);
      return true;
    }
    case FileCompletionInformation:
      *status = SetCompletionPort(file, *static_cast<const FILE_COMPLETION_INFORMATION*>(information), mode)
                    .status();
      return true;
    case FileIoCompletionNotificationInformation:
      *status = SetCompletionMode(
                    file.file.get(),
                    static_cast<const FILE_IO_COMPLETION_NOTIFICATION_INFORMATION*>(information)->Flags)
                    .status();
      return true;
    default:
      return false;
  }
}

NTSTATUS Query(KPROCESSOR_MODE mode, PFILE_OBJECT file, PIO_STATUS_BLOCK iosb, void* information,
               ULONG byte_count, UCHAR major, ULONG information_class) {
  Result<Request> request = BeginKernelRequest(mode, file, major);
  if (!request.ok()) return request.status();
  IRP* irp = request->irp;
  if (AllocateSystemBuffer(irp, byte_count) == nullptr) {
    AbandonRequest(irp);
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  std::memset(irp->AssociatedIrp.SystemBuffer, 0, byte_count);
  irp->UserBuffer = information;
  irp->Flags |= IRP_INPUT_OPERATION;
  IrpHeader::Of(irp)->output_byte_count = byte_count;
  request->stack()->Parameters.QueryFile.Length = byte_count;
  request->stack()->Parameters.QueryFile.FileInformationClass =
      static_cast<FILE_INFORMATION_CLASS>(information_class);
  return IssueRequestAndWait(mode, *request, iosb);
}

NTSTATUS Deliver(KPROCESSOR_MODE mode, PIO_STATUS_BLOCK iosb, void* destination, const void* source,
                 ULONG byte_count) {
  if (mode == UserMode) {
    RING3_TRY(mm::CopyToUser(destination, source, byte_count));
  } else {
    std::memcpy(destination, source, byte_count);
  }
  RING3_TRY(WriteUserStatusBlock(mode, iosb, STATUS_SUCCESS, byte_count));
  return STATUS_SUCCESS;
}

}  // namespace

namespace {

NTSTATUS QueryReferenced(KPROCESSOR_MODE mode, RequestFile& file, PIO_STATUS_BLOCK iosb, void* information,
                         ULONG byte_count, FILE_INFORMATION_CLASS information_class) {
  RING3_TRY(ProbeForWriting(mode, information, byte_count));
  RING3_TRY(ProbeForWriting(mode, iosb, sizeof(*iosb)));
  SynchronousFileLock lock(file.file.get());
  LONGLONG answer = 0;
  ULONG answer_byte_count = 0;
  if (Answer(file, information_class, &answer, &answer_byte_count)) {
    return Deliver(mode, iosb, information, &answer, answer_byte_count);
  }
  return Query(mode, file.file.get(), iosb, information, byte_count, IRP_MJ_QUERY_INFORMATION,
               information_class);
}

NTSTATUS SetReferenced(KPROCESSOR_MODE mode, RequestFile& file, PIO_STATUS_BLOCK iosb,
                       const void* information, ULONG byte_count, FILE_INFORMATION_CLASS information_class) {
  RING3_TRY(ProbeForWriting(mode, iosb, sizeof(*iosb)));
  SynchronousFileLock lock(file.file.get());
  Result<Request> request = BeginKernelRequest(mode, file.file.get(), IRP_MJ_SET_INFORMATION);
  if (!request.ok()) return request.status();
  IRP* irp = request->irp;
  void* buffer = AllocateSystemBuffer(irp, byte_count);
  Status captured = buffer == nullptr ? Status(STATUS_INSUFFICIENT_RESOURCES)
                                      : CaptureInput(mode, buffer, information, byte_count);
  NTSTATUS status = captured.status();
  if (!captured.ok() || SetByItself(file, information_class, buffer, mode, &status)) {
    AbandonRequest(irp);
    if (NT_SUCCESS(status)) RING3_TRY(WriteUserStatusBlock(mode, iosb, status, 0));
    return status;
  }
  request->stack()->Parameters.SetFile.Length = byte_count;
  request->stack()->Parameters.SetFile.FileInformationClass = information_class;
  return IssueRequestAndWait(mode, *request, iosb);
}

// STATUS_INVALID_INFO_CLASS, STATUS_INFO_LENGTH_MISMATCH.
Status CheckRule(const ClassRule& rule, ULONG byte_count) {
  if (rule.least_byte_count == kUnknown.least_byte_count) return STATUS_INVALID_INFO_CLASS;
  return byte_count < rule.least_byte_count ? STATUS_INFO_LENGTH_MISMATCH : STATUS_SUCCESS;
}

RequestFile ReferencedFor(PFILE_OBJECT file) {
  return {ob::Ref<FILE_OBJECT>::Take(file), FILE_ALL_ACCESS};
}

}  // namespace

NTSTATUS QueryFile(KPROCESSOR_MODE mode, HANDLE handle, PIO_STATUS_BLOCK iosb, void* information,
                   ULONG byte_count, FILE_INFORMATION_CLASS information_class) {
  ClassRule rule = QueryRule(information_class);
  RING3_TRY(CheckRule(rule, byte_count));
  Result<RequestFile> file = ReferenceFile(handle, rule.access, mode);
  if (!file.ok()) return file.status();
  return QueryReferenced(mode, *file, iosb, information, byte_count, information_class);
}

NTSTATUS QueryFileObject(PFILE_OBJECT object, PIO_STATUS_BLOCK iosb, void* information, ULONG byte_count,
                         FILE_INFORMATION_CLASS information_class) {
  RING3_TRY(CheckRule(QueryRule(information_class), byte_count));
  RequestFile file = ReferencedFor(object);
  return QueryReferenced(KernelMode, file, iosb, information, byte_count, information_class);
}

NTSTATUS SetFile(KPROCESSOR_MODE mode, HANDLE handle, PIO_STATUS_BLOCK iosb, const void* information,
                 ULONG byte_count, FILE_INFORMATION_CLASS information_class) {
  ClassRule rule = SetRule(information_class);
  RING3_TRY(CheckRule(rule, byte_count));
  Result<RequestFile> file = ReferenceFile(handle, rule.access, mode);
  if (!file.ok()) return file.status();
  return SetReferenced(mode, *file, iosb, information, byte_count, information_class);
}

NTSTATUS SetFileObject(PFILE_OBJECT object, PIO_STATUS_BLOCK iosb, const void* information, ULONG byte_count,
                       FILE_INFORMATION_CLASS information_class) {
  RING3_TRY(CheckRule(SetRule(information_class), byte_count));
  RequestFile file = ReferencedFor(object);
  return SetReferenced(KernelMode, file, iosb, information, byte_count, information_class);
}

NTSTATUS QueryVolume(KPROCESSOR_MODE mode, HANDLE handle, PIO_STATUS_BLOCK iosb, void* information,
                     ULONG byte_count, FS_INFORMATION_CLASS information_class) {
  if (information_class < FileFsVolumeInformation || information_class >= FileFsMaximumInformation) {
    return STATUS_INVALID_INFO_CLASS;
  }
  Result<RequestFile> file = ReferenceFile(handle, 0, mode);
  if (!file.ok()) return file.status();
  RING3_TRY(ProbeForWriting(mode, information, byte_count));
  RING3_TRY(ProbeForWriting(mode, iosb, sizeof(*iosb)));
  SynchronousFileLock lock(file->file.get());
  if (information_class == FileFsDeviceInformation) {
    if (byte_count < sizeof(FILE_FS_DEVICE_INFORMATION)) return STATUS_INFO_LENGTH_MISMATCH;
    PDEVICE_OBJECT device = file->file->DeviceObject;
    FILE_FS_DEVICE_INFORMATION answer{device->DeviceType, device->Characteristics};
    return Deliver(mode, iosb, information, &answer, sizeof(answer));
  }
  return Query(mode, file->file.get(), iosb, information, byte_count, IRP_MJ_QUERY_VOLUME_INFORMATION,
               information_class);
}

NTSTATUS CancelFile(KPROCESSOR_MODE mode, HANDLE handle, CancelScope scope, PIO_STATUS_BLOCK request,
                    PIO_STATUS_BLOCK iosb) {
  Result<RequestFile> file = ReferenceFile(handle, 0, mode);
  if (!file.ok()) return file.status();
  RING3_TRY(ProbeForWriting(mode, iosb, sizeof(*iosb)));
  PKTHREAD thread = ke::CurrentThread();
  size_t count = CancelFileIo(thread->own_process, scope == CancelScope::kThread ? thread : nullptr,
                              file->file.get(), request);
  if (scope == CancelScope::kThread) WaitForFileIo(file->file.get());
  NTSTATUS status = count == 0 && scope == CancelScope::kProcess ? STATUS_NOT_FOUND : STATUS_SUCCESS;
  RING3_TRY(WriteUserStatusBlock(mode, iosb, status, 0));
  return status;
}

NTSTATUS CancelSynchronousIo(PKTHREAD thread) {
  return CancelSynchronousIoOf(thread) == 0 ? STATUS_NOT_FOUND : STATUS_SUCCESS;
}

}  // namespace ring3::io
