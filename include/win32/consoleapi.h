// SPDX-License-Identifier: MIT
// https://learn.microsoft.com/windows/console/
#ifndef RING3_CONSOLEAPI_H
#define RING3_CONSOLEAPI_H

#include <minwinbase.h>

#define STD_INPUT_HANDLE ((DWORD)-10)
#define STD_OUTPUT_HANDLE ((DWORD)-11)
#define STD_ERROR_HANDLE ((DWORD)-12)
#define CTRL_C_EVENT 0
#define CTRL_BREAK_EVENT 1
#define CTRL_CLOSE_EVENT 2

typedef BOOL (*PHANDLER_ROUTINE)(DWORD CtrlType);

EXTERN_C_START
WINBASEAPI BOOL WINAPI SetConsoleCtrlHandler(PHANDLER_ROUTINE HandlerRoutine, BOOL Add);
EXTERN_C_END

#endif
