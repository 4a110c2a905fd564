// SPDX-License-Identifier: MIT
// https://learn.microsoft.com/windows/win32/api/handleapi/
#ifndef RING3_HANDLEAPI_H
#define RING3_HANDLEAPI_H

#include <minwinbase.h>

EXTERN_C_START

WINBASEAPI BOOL WINAPI CloseHandle(HANDLE hObject);
WINBASEAPI BOOL WINAPI DuplicateHandle(HANDLE hSourceProcessHandle, HANDLE hSourceHandle, HANDLE hTargetProcessHandle,
                                       LPHANDLE lpTargetHandle, DWORD dwDesiredAccess, BOOL bInheritHandle,
                                       DWORD dwOptions);
WINBASEAPI BOOL WINAPI GetHandleInformation(HANDLE hObject, LPDWORD lpdwFlags);
WINBASEAPI BOOL WINAPI SetHandleInformation(HANDLE hObject, DWORD dwMask, DWORD dwFlags);

EXTERN_C_END

#endif
