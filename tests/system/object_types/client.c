// SPDX-License-Identifier: MIT
// Hands one handle of each kind to the driver.
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include "object_types.h"

static ULONG64 Duplicate(HANDLE handle) {
  HANDLE real = NULL;
  DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &real, 0, FALSE, DUPLICATE_SAME_ACCESS);
  return (ULONG64)(ULONG_PTR)real;
}

int main(void) {
  HANDLE device =
      CreateFileA("\\\\.\\ObjectTypes", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
  HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
  HANDLE semaphore = CreateSemaphoreA(NULL, 0, 2, NULL);
  OBJECT_TYPES_REQUEST request = {(ULONG64)(ULONG_PTR)event, (ULONG64)(ULONG_PTR)semaphore,
                                  (ULONG64)(ULONG_PTR)device, Duplicate(GetCurrentThread()),
                                  Duplicate(GetCurrentProcess())};
  DWORD line = 0, returned = 0;
  if (!DeviceIoControl(device, IOCTL_CHECK_OBJECT_TYPES, &request, sizeof(request), &line, sizeof(line),
                       &returned, NULL)) {
    printf("DeviceIoControl: %u\n", (unsigned)GetLastError());
    return 1;
  }
  if (line != 0) printf("driver.c:%u: the check failed\n", (unsigned)line);
  if (WaitForSingleObject(event, 0) != WAIT_OBJECT_0 || WaitForSingleObject(semaphore, 0) != WAIT_OBJECT_0 ||
      WaitForSingleObject(semaphore, 0) != WAIT_TIMEOUT) {
    printf("the driver did not signal the objects\n");
    line = 1;
  }
  CloseHandle((HANDLE)(ULONG_PTR)request.Thread);
  CloseHandle((HANDLE)(ULONG_PTR)request.Process);
  CloseHandle(semaphore);
  CloseHandle(event);
  CloseHandle(device);
  return line != 0;
}
