// SPDX-License-Identifier: MIT
// The file services for drivers: kernel-mode callers, whose arguments are trusted.
#include <ntstatus.h>

#include "io/file.h"
#include "io/services.h"
#include "ke/service_scope.h"

using namespace ring3;
using namespace ring3::io;

namespace {

NTSTATUS Create(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, PIO_STATUS_BLOCK iosb,
                PLARGE_INTEGER allocation_size, ULONG file_attributes, ULONG share, ULONG disposition,
                ULONG options, PVOID ea, ULONG ea_byte_count, ULONG io_options) {
  ke::ServiceScope scope(KernelMode);
  CreateArguments create;
  create.handle = handle;
  create.desired_access = access;
  create.attributes = attributes;
  create.iosb = iosb;
  if (allocation_size != nullptr) create.allocation_size = *allocation_size;
  create.file_attributes = file_attributes;
  create.share_access = share;
  create.disposition = disposition;
  create.options = options;
  create.ea = ea;
  create.ea_byte_count = ea_byte_count;
  create.io_options = io_options;
  return CreateFile(KernelMode, create);
}

}  // namespace

extern "C" {

// nf-wdm-iocreatefile
NTSTATUS IoCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                      PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
                      ULONG ShareAccess, ULONG Disposition, ULONG CreateOptions, PVOID EaBuffer,
                      ULONG EaLength, CREATE_FILE_TYPE CreateFileType, PVOID, ULONG Options) {
  if (CreateFileType != CreateFileTypeNone) return STATUS_NOT_SUPPORTED;
  return Create(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize, FileAttributes,
                ShareAccess, Disposition, CreateOptions, EaBuffer, EaLength, Options);
}

// nf-ntddk-iocreatefileex
NTSTATUS IoCreateFileEx(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                        PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
                        ULONG ShareAccess, ULONG Disposition, ULONG CreateOptions, PVOID EaBuffer,
                        ULONG EaLength, CREATE_FILE_TYPE CreateFileType, PVOID InternalParameters,
                        ULONG Options, PIO_DRIVER_CREATE_CONTEXT) {
  return IoCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize,
                      FileAttributes, ShareAccess, Disposition, CreateOptions, EaBuffer, EaLength,
                      CreateFileType, InternalParameters, Options);
}

// nf-wdm-zwcreatefile
NTSTATUS ZwCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                      PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
                      ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer,
                      ULONG EaLength) {
  return Create(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize, FileAttributes,
                ShareAccess, CreateDisposition, CreateOptions, EaBuffer, EaLength, 0);
}

// nf-wdm-zwopenfile
NTSTATUS ZwOpenFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                    PIO_STATUS_BLOCK IoStatusBlock, ULONG ShareAccess, ULONG OpenOptions) {
  return Create(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, nullptr, 0, ShareAccess,
                FILE_OPEN, OpenOptions, nullptr, 0, 0);
}

// nf-wdm-zwreadfile
NTSTATUS ZwReadFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                    PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset,
                    PULONG Key) {
  ke::ServiceScope scope(KernelMode);
  return ReadFile(KernelMode, {FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock}, Buffer, Length,
                  ByteOffset, Key);
}

// nf-wdm-zwwritefile
NTSTATUS ZwWriteFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                     PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset,
                     PULONG Key) {
  ke::ServiceScope scope(KernelMode);
  return WriteFile(KernelMode, {FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock}, Buffer, Length,
                   ByteOffset, Key);
}

// nf-ntifs-zwdeviceiocontrolfile
NTSTATUS ZwDeviceIoControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                               PIO_STATUS_BLOCK IoStatusBlock, ULONG IoControlCode, PVOID InputBuffer,
                               ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength) {
  ke::ServiceScope scope(KernelMode);
  return ControlFile(KernelMode, ControlKind::kDevice,
                     {FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock}, IoControlCode, InputBuffer,
                     InputBufferLength, OutputBuffer, OutputBufferLength);
}

// nf-ntifs-zwfscontrolfile
NTSTATUS ZwFsControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                         PIO_STATUS_BLOCK IoStatusBlock, ULONG FsControlCode, PVOID InputBuffer,
                         ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength) {
  ke::ServiceScope scope(KernelMode);
  return ControlFile(KernelMode, ControlKind::kFileSystem,
                     {FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock}, FsControlCode, InputBuffer,
                     InputBufferLength, OutputBuffer, OutputBufferLength);
}

// nf-ntifs-zwflushbuffersfile
NTSTATUS ZwFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock) {
  ke::ServiceScope scope(KernelMode);
  return FlushFile(KernelMode, FileHandle, IoStatusBlock);
}

// nf-wdm-zwqueryinformationfile
NTSTATUS ZwQueryInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation,
                                ULONG Length, FILE_INFORMATION_CLASS FileInformationClass) {
  ke::ServiceScope scope(KernelMode);
  return QueryFile(KernelMode, FileHandle, IoStatusBlock, FileInformation, Length, FileInformationClass);
}

// nf-wdm-zwsetinformationfile
NTSTATUS ZwSetInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation,
                              ULONG Length, FILE_INFORMATION_CLASS FileInformationClass) {
  ke::ServiceScope scope(KernelMode);
  return SetFile(KernelMode, FileHandle, IoStatusBlock, FileInformation, Length, FileInformationClass);
}

// nf-ntifs-zwqueryvolumeinformationfile
NTSTATUS ZwQueryVolumeInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation,
                                      ULONG Length, FS_INFORMATION_CLASS FsInformationClass) {
  ke::ServiceScope scope(KernelMode);
  return QueryVolume(KernelMode, FileHandle, IoStatusBlock, FsInformation, Length, FsInformationClass);
}

// Cancels what the calling thread has pending on the file.
NTSTATUS ZwCancelIoFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock) {
  ke::ServiceScope scope(KernelMode);
  return CancelFile(KernelMode, FileHandle, CancelScope::kThread, nullptr, IoStatusBlock);
}

// Cancels what the process has pending on the file, all of it or one request.
NTSTATUS ZwCancelIoFileEx(HANDLE FileHandle, PIO_STATUS_BLOCK IoRequestToCancel,
                          PIO_STATUS_BLOCK IoStatusBlock) {
  ke::ServiceScope scope(KernelMode);
  return CancelFile(KernelMode, FileHandle, CancelScope::kProcess, IoRequestToCancel, IoStatusBlock);
}

// A file on the named device and the device on top of its stack. The file is the caller's reference;
// dereferencing it closes. Statuses of opening. PASSIVE_LEVEL. nf-wdm-iogetdeviceobjectpointer
NTSTATUS IoGetDeviceObjectPointer(PUNICODE_STRING ObjectName, ACCESS_MASK DesiredAccess,
                                  PFILE_OBJECT* FileObject, PDEVICE_OBJECT* DeviceObject) {
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, ObjectName, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, nullptr,
                             nullptr);
  HANDLE handle = nullptr;
  IO_STATUS_BLOCK iosb = {};
  RING3_TRY(ZwOpenFile(&handle, DesiredAccess, &attributes, &iosb, 0, FILE_NON_DIRECTORY_FILE));
  Result<RequestFile> file = ReferenceFile(handle, 0, KernelMode);
  (void)ob::CloseHandle(handle, KernelMode).ok();
  if (!file.ok()) return file.status();
  *DeviceObject = IoGetRelatedDeviceObject(file->file.get());
  *FileObject = file->file.Release();
  return STATUS_SUCCESS;
}

// The same entries under their other names, which drivers call as well.
NTKERNELAPI NTSTATUS NtCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess,
                                  POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
                                  PLARGE_INTEGER AllocationSize, ULONG FileAttributes, ULONG ShareAccess,
                                  ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer,
                                  ULONG EaLength) __attribute__((alias("ZwCreateFile")));
NTKERNELAPI NTSTATUS NtOpenFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess,
                                POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
                                ULONG ShareAccess, ULONG OpenOptions) __attribute__((alias("ZwOpenFile")));
NTKERNELAPI NTSTATUS NtReadFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length,
                                PLARGE_INTEGER ByteOffset, PULONG Key) __attribute__((alias("ZwReadFile")));
NTKERNELAPI NTSTATUS NtWriteFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine,
                                 PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length,
                                 PLARGE_INTEGER ByteOffset, PULONG Key) __attribute__((alias("ZwWriteFile")));
NTKERNELAPI NTSTATUS NtDeviceIoControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine,
                                           PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                                           ULONG IoControlCode, PVOID InputBuffer, ULONG InputBufferLength,
                                           PVOID OutputBuffer, ULONG OutputBufferLength)
    __attribute__((alias("ZwDeviceIoControlFile")));
NTKERNELAPI NTSTATUS NtFsControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine,
                                     PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock, ULONG FsControlCode,
                                     PVOID InputBuffer, ULONG InputBufferLength, PVOID OutputBuffer,
                                     ULONG OutputBufferLength) __attribute__((alias("ZwFsControlFile")));
NTKERNELAPI NTSTATUS NtFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
    __attribute__((alias("ZwFlushBuffersFile")));
NTKERNELAPI NTSTATUS NtQueryInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock,
                                            PVOID FileInformation, ULONG Length,
                                            FILE_INFORMATION_CLASS FileInformationClass)
    __attribute__((alias("ZwQueryInformationFile")));
NTKERNELAPI NTSTATUS NtSetInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock,
                                          PVOID FileInformation, ULONG Length,
                                          FILE_INFORMATION_CLASS FileInformationClass)
    __attribute__((alias("ZwSetInformationFile")));
NTKERNELAPI NTSTATUS NtQueryVolumeInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock,
                                                  PVOID FsInformation, ULONG Length,
                                                  FS_INFORMATION_CLASS FsInformationClass)
    __attribute__((alias("ZwQueryVolumeInformationFile")));
NTKERNELAPI NTSTATUS NtCancelIoFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
    __attribute__((alias("ZwCancelIoFile")));
NTKERNELAPI NTSTATUS NtCancelIoFileEx(HANDLE FileHandle, PIO_STATUS_BLOCK IoRequestToCancel,
                                      PIO_STATUS_BLOCK IoStatusBlock)
    __attribute__((alias("ZwCancelIoFileEx")));

}  // extern "C"
