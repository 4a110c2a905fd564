// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include <atomic>

namespace ring3::win32 {
namespace {

thread_local DWORD t_last_error = ERROR_SUCCESS;

}  // namespace

DWORD ErrorOf(NTSTATUS status) {
  return RtlNtStatusToDosError(status);
}

BOOL Fail(NTSTATUS status) {
  return FailWith(ErrorOf(status));
}

BOOL FailWith(DWORD error) {
  t_last_error = error;
  return FALSE;
}

extern "C" {

DWORD GetLastError() {
  return t_last_error;
}

VOID SetLastError(DWORD dwErrCode) {
  t_last_error = dwErrCode;
}

// There are no dialogs to suppress: the mode is kept for who asks. Returns the previous one.
UINT SetErrorMode(UINT uMode) {
  static std::atomic<UINT> mode{0};
  return mode.exchange(uMode);
}

}  // extern "C"

}  // namespace ring3::win32
