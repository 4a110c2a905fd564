// SPDX-License-Identifier: MIT
#include "win32/win32.h"

namespace ring3::win32 {
namespace {

// FILE_INFORMATION_CLASS values and their structures that associate a file with a port.
constexpr ULONG kFileCompletionInformation = 30;
constexpr ULONG kFileIoCompletionNotificationInformation = 41;
struct FileCompletionInformation {
  HANDLE port;
  PVOID key;
};

}  // namespace

extern "C" {

// https://learn.microsoft.com/windows/win32/fileio/createiocompletionport
HANDLE CreateIoCompletionPort(HANDLE FileHandle, HANDLE ExistingCompletionPort, ULONG_PTR CompletionKey,
                              DWORD NumberOfConcurrentThreads) {
  HANDLE port = ExistingCompletionPort;
  if (FileHandle == INVALID_HANDLE_VALUE && port != nullptr) {
    FailWith(ERROR_INVALID_PARAMETER);
    return nullptr;
  }
  if (port == nullptr) {
    const NTSTATUS status =
        Nt().NtCreateIoCompletion(&port, IO_COMPLETION_ALL_ACCESS, nullptr, NumberOfConcurrentThreads);
    if (!NT_SUCCESS(status)) {
      Fail(status);
      return nullptr;
    }
  }
  if (FileHandle != INVALID_HANDLE_VALUE) {
    FileCompletionInformation information{port, reinterpret_cast<PVOID>(CompletionKey)};
    IO_STATUS_BLOCK io_status;
    const NTSTATUS status = Nt().NtSetInformationFile(FileHandle, &io_status, &information,
                                                      sizeof(information), kFileCompletionInformation);
    if (!NT_SUCCESS(status)) {
      if (port != ExistingCompletionPort) Nt().NtClose(port);
      Fail(status);
      return nullptr;
    }
  }
  return port;
}

BOOL GetQueuedCompletionStatus(HANDLE CompletionPort, LPDWORD lpNumberOfBytesTransferred,
                               ULONG_PTR* lpCompletionKey, LPOVERLAPPED* lpOverlapped, DWORD dwMilliseconds) {
  IO_STATUS_BLOCK io_status{};
  Timeout timeout(dwMilliseconds);
  PVOID key = nullptr;
  PVOID context = nullptr;
  const NTSTATUS status =
      Nt().NtRemoveIoCompletion(CompletionPort, &key, &context, &io_status, FALSE, timeout.get());
  if (status != STATUS_SUCCESS) {
    // A null OVERLAPPED tells that nothing was taken from the port. The last handle that goes ends the waits
    // with ERROR_ABANDONED_WAIT_0.
    *lpOverlapped = nullptr;
    return status == STATUS_TIMEOUT ? FailWith(WAIT_TIMEOUT) : Fail(status);
  }
  *lpCompletionKey = reinterpret_cast<ULONG_PTR>(key);
  *lpOverlapped = static_cast<LPOVERLAPPED>(context);
  *lpNumberOfBytesTransferred = static_cast<DWORD>(io_status.Information);
  return NT_SUCCESS(io_status.Status) ? TRUE : Fail(io_status.Status);
}

BOOL GetQueuedCompletionStatusEx(HANDLE CompletionPort, LPOVERLAPPED_ENTRY lpCompletionPortEntries,
                                 ULONG ulCount, PULONG ulNumEntriesRemoved, DWORD dwMilliseconds,
                                 BOOL fAlertable) {
  if (ulCount == 0) return FailWith(ERROR_INVALID_PARAMETER);
  ULONG removed = 0;
  *ulNumEntriesRemoved = 0;
  while (removed < ulCount) {
    IO_STATUS_BLOCK io_status{};
    // Only the first entry is waited for.
    Timeout timeout(removed == 0 ? dwMilliseconds : 0);
    PVOID key = nullptr;
    PVOID context = nullptr;
    const NTSTATUS status =
        Nt().NtRemoveIoCompletion(CompletionPort, &key, &context, &io_status,
                                  static_cast<BOOLEAN>(fAlertable && removed == 0), timeout.get());
    if (status != STATUS_SUCCESS) {
      if (removed > 0) break;
      if (status == STATUS_TIMEOUT) return FailWith(WAIT_TIMEOUT);
      if (status == STATUS_USER_APC || status == STATUS_ALERTED) return FailWith(WAIT_IO_COMPLETION);
      return Fail(status);
    }
    lpCompletionPortEntries[removed++] = {
        reinterpret_cast<ULONG_PTR>(key), static_cast<LPOVERLAPPED>(context),
        static_cast<ULONG_PTR>(io_status.Status), static_cast<DWORD>(io_status.Information)};
  }
  *ulNumEntriesRemoved = removed;
  return TRUE;
}

BOOL PostQueuedCompletionStatus(HANDLE CompletionPort, DWORD dwNumberOfBytesTransferred,
                                ULONG_PTR dwCompletionKey, LPOVERLAPPED lpOverlapped) {
  const NTSTATUS status = Nt().NtSetIoCompletion(CompletionPort, reinterpret_cast<PVOID>(dwCompletionKey),
                                                 lpOverlapped, STATUS_SUCCESS, dwNumberOfBytesTransferred);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

BOOL SetFileCompletionNotificationModes(HANDLE FileHandle, UCHAR Flags) {
  ULONG flags = Flags;
  IO_STATUS_BLOCK io_status;
  const NTSTATUS status = Nt().NtSetInformationFile(FileHandle, &io_status, &flags, sizeof(flags),
                                                    kFileIoCompletionNotificationInformation);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

}  // extern "C"

}  // namespace ring3::win32
