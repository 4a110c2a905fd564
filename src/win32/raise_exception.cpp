// SPDX-License-Identifier: MIT
#include <nt_exception.h>
#include <ring3_seh.h>
#include <windows.h>

#include <algorithm>

extern "C" {

// RaiseException: raises a software exception at the caller; returns when a filter continues execution and
// dwExceptionFlags is not EXCEPTION_NONCONTINUABLE. At most EXCEPTION_MAXIMUM_PARAMETERS arguments are passed
// on.
VOID WINAPI RaiseException(DWORD dwExceptionCode, DWORD dwExceptionFlags, DWORD nNumberOfArguments,
                           const ULONG_PTR* lpArguments) {
  // Windows keeps bit 28 for itself.
  constexpr DWORD kReservedBit = 0x10000000;
  EXCEPTION_RECORD record = {};
  record.ExceptionCode = static_cast<NTSTATUS>(dwExceptionCode & ~kReservedBit);
  record.ExceptionFlags = dwExceptionFlags & EXCEPTION_NONCONTINUABLE;
  if (lpArguments != nullptr) {
    record.NumberParameters = std::min<DWORD>(nNumberOfArguments, EXCEPTION_MAXIMUM_PARAMETERS);
    std::copy_n(lpArguments, record.NumberParameters, record.ExceptionInformation);
  }
  Ring3SehRaise(&record);
}

}  // extern "C"
