// SPDX-License-Identifier: MIT
// A thread ends, and what the driver unmaps then is not there any more.
#include "../common/test_client.h"
#include "thread_exit_views.h"

static HANDLE device;
static OVERLAPPED overlapped;
static char* views[VIEWS];

static DWORD WINAPI MapAndPend(LPVOID unused) {
  (void)unused;
  for (ULONG i = 0; i < VIEWS; ++i) {
    DWORD returned;
    OVERLAPPED map = NewOverlapped();
    CHECK(DeviceIoControl(device, IOCTL_MAP, &i, sizeof(i), &views[i], sizeof(views[i]), &returned, &map));
    CHECK(CloseHandle(map.hEvent));
    views[i][0] = 1;
  }
  CHECK_FAILS(DeviceIoControl(device, IOCTL_PEND, NULL, 0, NULL, 0, NULL, &overlapped), ERROR_IO_PENDING);
  return 0;
}

static DWORD WINAPI MapPendAndExit(LPVOID unused) {
  MapAndPend(unused);
  ExitThread(0);
}

static void CheckUnmapped(LPTHREAD_START_ROUTINE routine) {
  MEMORY_BASIC_INFORMATION region;
  DWORD returned;
  HANDLE thread = CreateThread(NULL, 0, routine, NULL, 0, NULL);
  CHECK(thread != NULL);
  CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
  CHECK(CloseHandle(thread));
  CHECK_FAILS(GetOverlappedResult(device, &overlapped, &returned, TRUE), ERROR_OPERATION_ABORTED);
  for (int i = 0; i < VIEWS; ++i) {
    CHECK(VirtualQuery(views[i], &region, sizeof(region)) == sizeof(region) && region.State == MEM_FREE);
  }
}

int main(void) {
  device = OpenTest(FILE_FLAG_OVERLAPPED);
  overlapped = NewOverlapped();
  CheckUnmapped(MapAndPend);
  CheckUnmapped(MapPendAndExit);
  CHECK(CloseHandle(overlapped.hEvent));
  CHECK(CloseHandle(device));
  return 0;
}
