// SPDX-License-Identifier: MIT
// What is known about files, and their position and length.
// https://learn.microsoft.com/windows/win32/api/fileapi/
#include "win32/win32.h"

#include <optional>

namespace ring3::win32 {
namespace {

// FILE_INFORMATION_CLASS and FS_INFORMATION_CLASS, with their structures, as the services have them.
constexpr ULONG kFileBasicInformation = 4;
constexpr ULONG kFileStandardInformation = 5;
constexpr ULONG kFileDispositionInformation = 13;
constexpr ULONG kFilePositionInformation = 14;
constexpr ULONG kFileEndOfFileInformation = 20;
constexpr ULONG kFileFsDeviceInformation = 4;

struct FileBasicInformation {
  LARGE_INTEGER creation_time;
  LARGE_INTEGER last_access_time;
  LARGE_INTEGER last_write_time;
  LARGE_INTEGER change_time;
  ULONG attributes;
};
struct FileStandardInformation {
  LARGE_INTEGER allocation_size;
  LARGE_INTEGER end_of_file;
  ULONG link_count;
  BOOLEAN delete_pending;
  BOOLEAN is_directory;
};
struct FileFsDeviceInformation {
  ULONG device_type;
  ULONG characteristics;
};

template <typename Information>
NTSTATUS Query(HANDLE file, ULONG information_class, Information* information) {
  IO_STATUS_BLOCK io_status{};
  return Nt().NtQueryInformationFile(file, &io_status, information, sizeof(*information), information_class);
}

template <typename Information>
NTSTATUS Set(HANDLE file, ULONG information_class, Information information) {
  IO_STATUS_BLOCK io_status{};
  return Nt().NtSetInformationFile(file, &io_status, &information, sizeof(information), information_class);
}

// The new position. Nothing, with the last error, where there can be none.
std::optional<LONGLONG> Move(HANDLE file, LONGLONG distance, DWORD method) {
  LARGE_INTEGER position{};
  NTSTATUS status = STATUS_SUCCESS;
  switch (method) {
    case FILE_BEGIN:
      break;
    case FILE_CURRENT:
      status = Query(file, kFilePositionInformation, &position);
      break;
    case FILE_END: {
      FileStandardInformation standard{};
      status = Query(file, kFileStandardInformation, &standard);
      position = standard.end_of_file;
      break;
    }
    default:
      FailWith(ERROR_INVALID_PARAMETER);
      return std::nullopt;
  }
  if (!NT_SUCCESS(status)) {
    Fail(status);
    return std::nullopt;
  }
  if (__builtin_add_overflow(position.QuadPart, distance, &position.QuadPart)) {
    FailWith(ERROR_INVALID_PARAMETER);
    return std::nullopt;
  }
  if (position.QuadPart < 0) {
    FailWith(ERROR_NEGATIVE_SEEK);
    return std::nullopt;
  }
  status = Set(file, kFilePositionInformation, position);
  if (!NT_SUCCESS(status)) {
    Fail(status);
    return std::nullopt;
  }
  return position.QuadPart;
}

// Opens `name`, whatever it is, for `access`.
NTSTATUS OpenByName(std::u16string_view name, ACCESS_MASK access, ULONG options, HANDLE* file) {
  const std::u16string path = NtPathFromDosPath(name);
  if (path.size() > NtString::kMostCharacters) return STATUS_NAME_TOO_LONG;
  Attributes attributes(path, OBJ_CASE_INSENSITIVE);
  IO_STATUS_BLOCK io_status{};
  return Nt().NtCreateFile(file, access | SYNCHRONIZE, attributes.get(), &io_status, nullptr, 0,
                           FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN,
                           options | FILE_SYNCHRONOUS_IO_NONALERT, nullptr, 0);
}

DWORD AttributesOf(std::u16string_view name) {
  if (name.empty()) {
    FailWith(ERROR_PATH_NOT_FOUND);
    return INVALID_FILE_ATTRIBUTES;
  }
  HANDLE file = nullptr;
  FileBasicInformation basic{};
  NTSTATUS status = OpenByName(name, FILE_READ_ATTRIBUTES, FILE_OPEN_FOR_BACKUP_INTENT, &file);
  if (NT_SUCCESS(status)) {
    status = Query(file, kFileBasicInformation, &basic);
    Nt().NtClose(file);
  }
  if (NT_SUCCESS(status)) return basic.attributes;
  Fail(status);
  return INVALID_FILE_ATTRIBUTES;
}

BOOL Delete(std::u16string_view name) {
  if (name.empty()) return FailWith(ERROR_PATH_NOT_FOUND);
  HANDLE file = nullptr;
  NTSTATUS status = OpenByName(name, DELETE, FILE_NON_DIRECTORY_FILE, &file);
  if (NT_SUCCESS(status)) {
    status = Set(file, kFileDispositionInformation, BOOLEAN{TRUE});
    Nt().NtClose(file);
  }
  // A directory is not this function's to delete.
  if (status == STATUS_FILE_IS_A_DIRECTORY) return FailWith(ERROR_ACCESS_DENIED);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

}  // namespace

extern "C" {

// nf-fileapi-getfilesizeex
BOOL GetFileSizeEx(HANDLE hFile, PLARGE_INTEGER lpFileSize) {
  FileStandardInformation standard{};
  const NTSTATUS status = Query(hFile, kFileStandardInformation, &standard);
  if (!NT_SUCCESS(status)) return Fail(status);
  *lpFileSize = standard.end_of_file;
  return TRUE;
}

// INVALID_FILE_SIZE is a length too: the last error tells. nf-fileapi-getfilesize
DWORD GetFileSize(HANDLE hFile, LPDWORD lpFileSizeHigh) {
  LARGE_INTEGER size{};
  if (!GetFileSizeEx(hFile, &size)) return INVALID_FILE_SIZE;
  if (lpFileSizeHigh != nullptr) *lpFileSizeHigh = static_cast<DWORD>(size.HighPart);
  if (size.LowPart == INVALID_FILE_SIZE) SetLastError(ERROR_SUCCESS);
  return size.LowPart;
}

// nf-fileapi-setfilepointerex
BOOL SetFilePointerEx(HANDLE hFile, LARGE_INTEGER liDistanceToMove, PLARGE_INTEGER lpNewFilePointer,
                      DWORD dwMoveMethod) {
  const std::optional<LONGLONG> position = Move(hFile, liDistanceToMove.QuadPart, dwMoveMethod);
  if (!position) return FALSE;
  if (lpNewFilePointer != nullptr) lpNewFilePointer->QuadPart = *position;
  return TRUE;
}

// Without `lpDistanceToMoveHigh` the distance is signed and the position must fit 32 bits.
// nf-fileapi-setfilepointer
DWORD SetFilePointer(HANDLE hFile, LONG lDistanceToMove, PLONG lpDistanceToMoveHigh, DWORD dwMoveMethod) {
  LARGE_INTEGER distance;
  distance.QuadPart = lDistanceToMove;
  if (lpDistanceToMoveHigh != nullptr) {
    distance.LowPart = static_cast<DWORD>(lDistanceToMove);
    distance.HighPart = *lpDistanceToMoveHigh;
  }
  LARGE_INTEGER before{};
  if (lpDistanceToMoveHigh == nullptr) (void)Query(hFile, kFilePositionInformation, &before);
  const std::optional<LONGLONG> position = Move(hFile, distance.QuadPart, dwMoveMethod);
  if (!position) return INVALID_SET_FILE_POINTER;
  if (lpDistanceToMoveHigh == nullptr && *position > 0xFFFFFFFFLL) {
    (void)Set(hFile, kFilePositionInformation, before);
    FailWith(ERROR_INVALID_PARAMETER);
    return INVALID_SET_FILE_POINTER;
  }
  if (lpDistanceToMoveHigh != nullptr) *lpDistanceToMoveHigh = static_cast<LONG>(*position >> 32);
  const auto low = static_cast<DWORD>(*position);
  if (low == INVALID_SET_FILE_POINTER) SetLastError(ERROR_SUCCESS);
  return low;
}

// At the file pointer. nf-fileapi-setendoffile
BOOL SetEndOfFile(HANDLE hFile) {
  LARGE_INTEGER position{};
  NTSTATUS status = Query(hFile, kFilePositionInformation, &position);
  if (NT_SUCCESS(status)) status = Set(hFile, kFileEndOfFileInformation, position);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

// nf-fileapi-getfiletype
DWORD GetFileType(HANDLE hFile) {
  IO_STATUS_BLOCK io_status{};
  FileFsDeviceInformation device{};
  const NTSTATUS status =
      Nt().NtQueryVolumeInformationFile(hFile, &io_status, &device, sizeof(device), kFileFsDeviceInformation);
  if (!NT_SUCCESS(status)) {
    Fail(status);
    return FILE_TYPE_UNKNOWN;
  }
  switch (device.device_type) {
    case FILE_DEVICE_CD_ROM:
    case FILE_DEVICE_CD_ROM_FILE_SYSTEM:
    case FILE_DEVICE_CONTROLLER:
    case FILE_DEVICE_DATALINK:
    case FILE_DEVICE_DFS:
    case FILE_DEVICE_DISK:
    case FILE_DEVICE_DISK_FILE_SYSTEM:
    case FILE_DEVICE_VIRTUAL_DISK:
      return FILE_TYPE_DISK;
    case FILE_DEVICE_NAMED_PIPE:
      return FILE_TYPE_PIPE;
    case FILE_DEVICE_KEYBOARD:
    case FILE_DEVICE_MOUSE:
    case FILE_DEVICE_NULL:
    case FILE_DEVICE_PARALLEL_PORT:
    case FILE_DEVICE_PRINTER:
    case FILE_DEVICE_SERIAL_PORT:
    case FILE_DEVICE_SCREEN:
    case FILE_DEVICE_SOUND:
    case FILE_DEVICE_MODEM:
      return FILE_TYPE_CHAR;
    default:
      // Known to be so, and no failure.
      SetLastError(ERROR_SUCCESS);
      return FILE_TYPE_UNKNOWN;
  }
}

// nf-fileapi-getfileattributesw
DWORD GetFileAttributesW(LPCWSTR lpFileName) {
  return AttributesOf(FromWide(lpFileName));
}
DWORD GetFileAttributesA(LPCSTR lpFileName) {
  return AttributesOf(Widen(lpFileName == nullptr ? "" : lpFileName));
}

// nf-fileapi-deletefilew
BOOL DeleteFileW(LPCWSTR lpFileName) {
  return Delete(FromWide(lpFileName));
}
BOOL DeleteFileA(LPCSTR lpFileName) {
  return Delete(Widen(lpFileName == nullptr ? "" : lpFileName));
}

}  // extern "C"

}  // namespace ring3::win32
