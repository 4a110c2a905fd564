// SPDX-License-Identifier: MIT
// Routines on file objects, for those that have no handle.
#include <ddi/io_ntddk.h>
#include <bugcodes.h>
#include <ntstatus.h>

#include "io/file.h"
#include "ke/service_scope.h"

using namespace ring3;
using namespace ring3::io;

extern "C" {

// As ZwQueryInformationFile; `*ReturnedLength` in bytes. PASSIVE_LEVEL. nf-ntifs-ioqueryfileinformation
NTSTATUS IoQueryFileInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS FileInformationClass,
                                ULONG Length, PVOID FileInformation, PULONG ReturnedLength) {
  ke::ServiceScope scope(KernelMode);
  IO_STATUS_BLOCK iosb = {};
  const NTSTATUS status = QueryFileObject(FileObject, &iosb, FileInformation, Length, FileInformationClass);
  *ReturnedLength = static_cast<ULONG>(iosb.Information);
  return status;
}

// As ZwSetInformationFile. PASSIVE_LEVEL. nf-ntifs-iosetinformation
NTSTATUS IoSetInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS FileInformationClass, ULONG Length,
                          PVOID FileInformation) {
  ke::ServiceScope scope(KernelMode);
  IO_STATUS_BLOCK iosb = {};
  return SetFileObject(FileObject, &iosb, FileInformation, Length, FileInformationClass);
}

// nf-ntddk-ioisfileoriginremote
BOOLEAN IoIsFileOriginRemote(PFILE_OBJECT FileObject) {
  return HasFlag(*FileObject, FO_REMOTE_ORIGIN);
}

// STATUS_INVALID_PARAMETER_MIX where it is so already. nf-ntddk-iosetfileorigin
NTSTATUS IoSetFileOrigin(PFILE_OBJECT FileObject, BOOLEAN Remote) {
  const ULONG before =
      Remote ? __atomic_fetch_or(&FileObject->Flags, FO_REMOTE_ORIGIN, __ATOMIC_RELAXED)
             : __atomic_fetch_and(&FileObject->Flags, ~ULONG{FO_REMOTE_ORIGIN}, __ATOMIC_RELAXED);
  return ((before & FO_REMOTE_ORIGIN) != 0) == (Remote != FALSE) ? STATUS_INVALID_PARAMETER_MIX
                                                                 : STATUS_SUCCESS;
}

// To the drivers from `DeviceObject` down the file is closed again. PASSIVE_LEVEL.
// INVALID_CANCEL_OF_FILE_OPEN where a handle has been made. nf-ntddk-iocancelfileopen
VOID IoCancelFileOpen(PDEVICE_OBJECT DeviceObject, PFILE_OBJECT FileObject) {
  if (File::Of(FileObject)->opened || HasFlag(*FileObject, FO_HANDLE_CREATED)) {
    KeBugCheckEx(INVALID_CANCEL_OF_FILE_OPEN, reinterpret_cast<ULONG_PTR>(FileObject),
                 reinterpret_cast<ULONG_PTR>(DeviceObject), 0, 0);
  }
  __atomic_fetch_or(&FileObject->Flags, FO_FILE_OPEN_CANCELLED, __ATOMIC_RELAXED);
  SendClose(DeviceObject, FileObject, IRP_MJ_CLEANUP);
  SendClose(DeviceObject, FileObject, IRP_MJ_CLOSE);
}

}  // extern "C"
