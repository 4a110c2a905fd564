// SPDX-License-Identifier: MIT
// What ntifs.h adds to the I/O manager of ntddk.h.
#ifndef RING3_DDI_IO_NTIFS_H
#define RING3_DDI_IO_NTIFS_H

#include <ddi/io_ntddk.h>

EXTERN_C_START

NTKERNELAPI PDEVICE_OBJECT IoGetLowerDeviceObject(PDEVICE_OBJECT DeviceObject);
NTKERNELAPI PDEVICE_OBJECT IoGetDeviceAttachmentBaseRef(PDEVICE_OBJECT DeviceObject);
NTKERNELAPI PDEVICE_OBJECT IoGetBaseFileSystemDeviceObject(PFILE_OBJECT FileObject);
NTKERNELAPI NTSTATUS IoEnumerateDeviceObjectList(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT* DeviceObjectList,
                                                 ULONG DeviceObjectListSize, PULONG ActualNumberDeviceObjects);
NTKERNELAPI struct _EPROCESS* IoGetRequestorProcess(PIRP Irp);
NTKERNELAPI ULONG IoGetRequestorProcessId(PIRP Irp);
NTKERNELAPI NTSTATUS IoGetRequestorSessionId(PIRP Irp, PULONG pSessionId);
NTKERNELAPI struct _EPROCESS* IoThreadToProcess(struct _ETHREAD* Thread);
NTKERNELAPI BOOLEAN IoIsSystemThread(struct _ETHREAD* Thread);
NTKERNELAPI BOOLEAN IoIsOperationSynchronous(PIRP Irp);
NTKERNELAPI VOID IoQueueThreadIrp(PIRP Irp);
NTKERNELAPI NTSTATUS IoCheckDesiredAccess(PACCESS_MASK DesiredAccess, ACCESS_MASK GrantedAccess);
NTKERNELAPI NTSTATUS IoQueryFileInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS FileInformationClass,
                                            ULONG Length, PVOID FileInformation, PULONG ReturnedLength);
NTKERNELAPI NTSTATUS IoSetInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS FileInformationClass,
                                      ULONG Length, PVOID FileInformation);
NTKERNELAPI VOID IoInitializePriorityInfo(PIO_PRIORITY_INFO PriorityInfo);

NTSYSCALLAPI NTSTATUS NTAPI ZwDeviceIoControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine,
                                                  PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                                                  ULONG IoControlCode, PVOID InputBuffer, ULONG InputBufferLength,
                                                  PVOID OutputBuffer, ULONG OutputBufferLength);
NTSYSCALLAPI NTSTATUS NTAPI ZwFsControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine,
                                            PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock, ULONG FsControlCode,
                                            PVOID InputBuffer, ULONG InputBufferLength, PVOID OutputBuffer,
                                            ULONG OutputBufferLength);
NTSYSCALLAPI NTSTATUS NTAPI ZwFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock);
NTSYSCALLAPI NTSTATUS NTAPI ZwCancelIoFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock);
NTSYSCALLAPI NTSTATUS NTAPI ZwCancelIoFileEx(HANDLE FileHandle, PIO_STATUS_BLOCK IoRequestToCancel,
                                             PIO_STATUS_BLOCK IoStatusBlock);
NTSYSCALLAPI NTSTATUS NTAPI ZwQueryVolumeInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock,
                                                         PVOID FsInformation, ULONG Length,
                                                         FS_INFORMATION_CLASS FsInformationClass);

// The Nt forms: of a kernel-mode caller, the same entries.
#define RING3_NT_FORM(Name) NTSYSCALLAPI __typeof__(Zw##Name) Nt##Name
RING3_NT_FORM(CreateFile);
RING3_NT_FORM(OpenFile);
RING3_NT_FORM(ReadFile);
RING3_NT_FORM(WriteFile);
RING3_NT_FORM(DeviceIoControlFile);
RING3_NT_FORM(FsControlFile);
RING3_NT_FORM(FlushBuffersFile);
RING3_NT_FORM(QueryInformationFile);
RING3_NT_FORM(SetInformationFile);
RING3_NT_FORM(QueryVolumeInformationFile);
RING3_NT_FORM(CancelIoFile);
RING3_NT_FORM(CancelIoFileEx);
#undef RING3_NT_FORM

EXTERN_C_END

#endif
