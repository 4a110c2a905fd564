// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include <algorithm>

namespace ring3::win32 {
namespace {

enum WaitKind : ULONG { kWaitAll = 0, kWaitAny = 1 };

DWORD Waited(NTSTATUS status) {
  if (NT_SUCCESS(status))
    return static_cast<DWORD>(status);  // WAIT_OBJECT_n, WAIT_ABANDONED_n, WAIT_TIMEOUT …
  Fail(status);
  return WAIT_FAILED;
}

}  // namespace

extern "C" {

// https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitforsingleobjectex
DWORD WaitForSingleObjectEx(HANDLE hHandle, DWORD dwMilliseconds, BOOL bAlertable) {
  Timeout timeout(dwMilliseconds);
  return Waited(Nt().NtWaitForSingleObject(hHandle, static_cast<BOOLEAN>(bAlertable), timeout.get()));
}

DWORD WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds) {
  return WaitForSingleObjectEx(hHandle, dwMilliseconds, FALSE);
}

DWORD WaitForMultipleObjectsEx(DWORD nCount, const HANDLE* lpHandles, BOOL bWaitAll, DWORD dwMilliseconds,
                               BOOL bAlertable) {
  if (nCount == 0 || nCount > MAXIMUM_WAIT_OBJECTS) {
    FailWith(ERROR_INVALID_PARAMETER);
    return WAIT_FAILED;
  }
  HANDLE handles[MAXIMUM_WAIT_OBJECTS];
  std::copy_n(lpHandles, nCount, handles);
  Timeout timeout(dwMilliseconds);
  return Waited(Nt().NtWaitForMultipleObjects(nCount, handles, bWaitAll ? kWaitAll : kWaitAny,
                                              static_cast<BOOLEAN>(bAlertable), timeout.get()));
}

DWORD WaitForMultipleObjects(DWORD nCount, const HANDLE* lpHandles, BOOL bWaitAll, DWORD dwMilliseconds) {
  return WaitForMultipleObjectsEx(nCount, lpHandles, bWaitAll, dwMilliseconds, FALSE);
}

DWORD SleepEx(DWORD dwMilliseconds, BOOL bAlertable) {
  Timeout timeout(dwMilliseconds);
  LARGE_INTEGER forever;
  forever.QuadPart = MININT64;
  const NTSTATUS status = Nt().NtDelayExecution(static_cast<BOOLEAN>(bAlertable),
                                                timeout.get() != nullptr ? timeout.get() : &forever);
  return status == STATUS_USER_APC ? WAIT_IO_COMPLETION : 0;
}

VOID Sleep(DWORD dwMilliseconds) {
  SleepEx(dwMilliseconds, FALSE);
}

BOOL SwitchToThread() {
  LARGE_INTEGER none{};
  return NT_SUCCESS(Nt().NtDelayExecution(FALSE, &none));
}

}  // extern "C"

}  // namespace ring3::win32
