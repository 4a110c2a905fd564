// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include <optional>

#include "win32/overlapped.h"

namespace ring3::win32 {
namespace {

std::optional<ULONG> DispositionOf(DWORD creation_disposition) {
  switch (creation_disposition) {
    case CREATE_NEW:
      return FILE_CREATE;
    case CREATE_ALWAYS:
      return FILE_OVERWRITE_IF;
    case OPEN_EXISTING:
      return FILE_OPEN;
    case OPEN_ALWAYS:
      return FILE_OPEN_IF;
    case TRUNCATE_EXISTING:
      return FILE_OVERWRITE;
    default:
      return std::nullopt;
  }
}

ULONG OptionsOf(DWORD flags) {
  ULONG options = flags & FILE_FLAG_OVERLAPPED ? 0 : FILE_SYNCHRONOUS_IO_NONALERT;
  if (flags & FILE_FLAG_WRITE_THROUGH) options |= FILE_WRITE_THROUGH;
  if (flags & FILE_FLAG_NO_BUFFERING) options |= FILE_NO_INTERMEDIATE_BUFFERING;
  if (flags & FILE_FLAG_SEQUENTIAL_SCAN) options |= FILE_SEQUENTIAL_ONLY;
  if (flags & FILE_FLAG_RANDOM_ACCESS) options |= FILE_RANDOM_ACCESS;
  if (flags & FILE_FLAG_DELETE_ON_CLOSE) options |= FILE_DELETE_ON_CLOSE;
  options |= flags & FILE_FLAG_BACKUP_SEMANTICS ? FILE_OPEN_FOR_BACKUP_INTENT : FILE_NON_DIRECTORY_FILE;
  return options;
}

// What FILE_INFORMATION's IO_STATUS_BLOCK.Information says of a create.
constexpr ULONG_PTR kFileOpened = 1;
constexpr ULONG_PTR kFileOverwritten = 3;

HANDLE Create(std::u16string_view name, DWORD access, DWORD share, const SECURITY_ATTRIBUTES* security,
              DWORD creation_disposition, DWORD flags) {
  const std::optional<ULONG> disposition = DispositionOf(creation_disposition);
  if (!disposition) {
    FailWith(ERROR_INVALID_PARAMETER);
    return INVALID_HANDLE_VALUE;
  }
  if (name.empty()) {
    FailWith(ERROR_PATH_NOT_FOUND);
    return INVALID_HANDLE_VALUE;
  }
  const std::u16string path = NtPathFromDosPath(name);
  if (path.size() > NtString::kMostCharacters) {
    FailWith(ERROR_FILENAME_EXCED_RANGE);
    return INVALID_HANDLE_VALUE;
  }
  Attributes attributes(path, OBJ_CASE_INSENSITIVE, security);
  IO_STATUS_BLOCK io_status{};
  HANDLE handle = nullptr;
  if (flags & FILE_FLAG_DELETE_ON_CLOSE) access |= DELETE;
  const NTSTATUS status = Nt().NtCreateFile(
      &handle, access | SYNCHRONIZE | FILE_READ_ATTRIBUTES, attributes.get(), &io_status, nullptr,
      flags & 0xFFFF & ~FILE_ATTRIBUTE_DIRECTORY, share, *disposition, OptionsOf(flags), nullptr, 0);
  if (!NT_SUCCESS(status)) {
    // CREATE_NEW on a name that exists has an error of its own.
    if (status == STATUS_OBJECT_NAME_COLLISION) {
      FailWith(ERROR_FILE_EXISTS);
    } else {
      Fail(status);
    }
    return INVALID_HANDLE_VALUE;
  }
  const bool existed = (creation_disposition == OPEN_ALWAYS && io_status.Information == kFileOpened) ||
                       (creation_disposition == CREATE_ALWAYS && io_status.Information == kFileOverwritten);
  SetLastError(existed ? ERROR_ALREADY_EXISTS : ERROR_SUCCESS);
  return handle;
}

}  // namespace

extern "C" {

// https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew
// Returns INVALID_HANDLE_VALUE and the last error on failure.
HANDLE CreateFileW(LPCWSTR lpFileName, DWORD dwDesiredAccess, DWORD dwShareMode,
                   LPSECURITY_ATTRIBUTES lpSecurityAttributes, DWORD dwCreationDisposition,
                   DWORD dwFlagsAndAttributes, HANDLE) {
  return Create(FromWide(lpFileName), dwDesiredAccess, dwShareMode, lpSecurityAttributes,
                dwCreationDisposition, dwFlagsAndAttributes);
}

HANDLE CreateFileA(LPCSTR lpFileName, DWORD dwDesiredAccess, DWORD dwShareMode,
                   LPSECURITY_ATTRIBUTES lpSecurityAttributes, DWORD dwCreationDisposition,
                   DWORD dwFlagsAndAttributes, HANDLE) {
  return Create(Widen(lpFileName == nullptr ? "" : lpFileName), dwDesiredAccess, dwShareMode,
                lpSecurityAttributes, dwCreationDisposition, dwFlagsAndAttributes);
}

BOOL FlushFileBuffers(HANDLE hFile) {
  IO_STATUS_BLOCK io_status;
  const NTSTATUS status = Nt().NtFlushBuffersFile(hFile, &io_status);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

BOOL ReadFile(HANDLE hFile, LPVOID lpBuffer, DWORD nNumberOfBytesToRead, LPDWORD lpNumberOfBytesRead,
              LPOVERLAPPED lpOverlapped) {
  const BOOL done = Request(hFile, lpOverlapped, lpNumberOfBytesRead, [&](const RequestArguments& a) {
    return Nt().NtReadFile(hFile, a.event, nullptr, a.apc_context, a.io_status, lpBuffer,
                           nNumberOfBytesToRead, a.byte_offset, nullptr);
  });
  // At the end of a file a synchronous read succeeds with nothing read.
  if (!done && lpOverlapped == nullptr && GetLastError() == ERROR_HANDLE_EOF) {
    if (lpNumberOfBytesRead != nullptr) *lpNumberOfBytesRead = 0;
    return TRUE;
  }
  return done;
}

BOOL WriteFile(HANDLE hFile, LPCVOID lpBuffer, DWORD nNumberOfBytesToWrite, LPDWORD lpNumberOfBytesWritten,
               LPOVERLAPPED lpOverlapped) {
  return Request(hFile, lpOverlapped, lpNumberOfBytesWritten, [&](const RequestArguments& a) {
    return Nt().NtWriteFile(hFile, a.event, nullptr, a.apc_context, a.io_status, const_cast<PVOID>(lpBuffer),
                            nNumberOfBytesToWrite, a.byte_offset, nullptr);
  });
}

BOOL ReadFileEx(HANDLE hFile, LPVOID lpBuffer, DWORD nNumberOfBytesToRead, LPOVERLAPPED lpOverlapped,
                LPOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine) {
  return RequestEx(lpOverlapped, [&](PLARGE_INTEGER byte_offset) {
    return Nt().NtReadFile(hFile, nullptr, CompletionApc, reinterpret_cast<PVOID>(lpCompletionRoutine),
                           StatusBlockOf(lpOverlapped), lpBuffer, nNumberOfBytesToRead, byte_offset, nullptr);
  });
}

BOOL WriteFileEx(HANDLE hFile, LPCVOID lpBuffer, DWORD nNumberOfBytesToWrite, LPOVERLAPPED lpOverlapped,
                 LPOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine) {
  return RequestEx(lpOverlapped, [&](PLARGE_INTEGER byte_offset) {
    return Nt().NtWriteFile(hFile, nullptr, CompletionApc, reinterpret_cast<PVOID>(lpCompletionRoutine),
                            StatusBlockOf(lpOverlapped), const_cast<PVOID>(lpBuffer), nNumberOfBytesToWrite,
                            byte_offset, nullptr);
  });
}

}  // extern "C"

}  // namespace ring3::win32
