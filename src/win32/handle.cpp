// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include "nt/information.h"

namespace ring3::win32 {
namespace {

using nt::HandleFlagInformation;

NTSTATUS QueryFlags(HANDLE handle, HandleFlagInformation* flags) {
  return Nt().NtQueryObject(handle, nt::kObjectHandleFlagInformation, flags, sizeof(*flags), nullptr);
}

}  // namespace

extern "C" {

BOOL CloseHandle(HANDLE hObject) {
  const NTSTATUS status = Nt().NtClose(hObject);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

// https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle
BOOL DuplicateHandle(HANDLE hSourceProcessHandle, HANDLE hSourceHandle, HANDLE hTargetProcessHandle,
                     LPHANDLE lpTargetHandle, DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwOptions) {
  const NTSTATUS status =
      Nt().NtDuplicateObject(hSourceProcessHandle, hSourceHandle, hTargetProcessHandle, lpTargetHandle,
                             dwDesiredAccess, bInheritHandle ? OBJ_INHERIT : 0, dwOptions);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

BOOL GetHandleInformation(HANDLE hObject, LPDWORD lpdwFlags) {
  HandleFlagInformation flags{};
  const NTSTATUS status = QueryFlags(hObject, &flags);
  if (!NT_SUCCESS(status)) return Fail(status);
  *lpdwFlags = (flags.inherit ? HANDLE_FLAG_INHERIT : 0) |
               (flags.protect_from_close ? HANDLE_FLAG_PROTECT_FROM_CLOSE : 0);
  return TRUE;
}

BOOL SetHandleInformation(HANDLE hObject, DWORD dwMask, DWORD dwFlags) {
  HandleFlagInformation flags{};
  NTSTATUS status = QueryFlags(hObject, &flags);
  if (!NT_SUCCESS(status)) return Fail(status);
  if (dwMask & HANDLE_FLAG_INHERIT) flags.inherit = (dwFlags & HANDLE_FLAG_INHERIT) != 0;
  if (dwMask & HANDLE_FLAG_PROTECT_FROM_CLOSE) {
    flags.protect_from_close = (dwFlags & HANDLE_FLAG_PROTECT_FROM_CLOSE) != 0;
  }
  status = Nt().NtSetInformationObject(hObject, nt::kObjectHandleFlagInformation, &flags, sizeof(flags));
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

}  // extern "C"

}  // namespace ring3::win32
