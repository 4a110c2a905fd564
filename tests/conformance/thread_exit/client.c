// SPDX-License-Identifier: MIT
// A thread that ends with requests pending: they are cancelled, those of other threads are not; IRP_MJ_CLEANUP comes with
// the last handle, not with the thread.
#include "../common/test_client.h"

#define IOCTL_PEND TEST_CODE(1, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)

static HANDLE device, file;
static OVERLAPPED overlapped[3];
static char buffers[3][10000];

static void Start(int i) {
  CHECK_FAILS(DeviceIoControl(file, IOCTL_PEND, NULL, 0, buffers[i], sizeof(buffers[i]), NULL, &overlapped[i]),
              ERROR_IO_PENDING);
}

static DWORD WINAPI StartAndReturn(LPVOID unused) {
  (void)unused;
  Start(0);
  Start(1);
  return 5;
}

static DWORD WINAPI StartAndExit(LPVOID unused) {
  (void)unused;
  Start(0);
  Start(1);
  ExitThread(5);
}

static void RunToItsEnd(LPTHREAD_START_ROUTINE routine) {
  DWORD status = 0;
  HANDLE thread = CreateThread(NULL, 0, routine, NULL, 0, NULL);
  CHECK(thread != NULL);
  CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
  CHECK(GetExitCodeThread(thread, &status) && status == 5);
  CHECK(CloseHandle(thread));
}

static void CheckCancelled(int i) {
  DWORD returned;
  CHECK_FAILS(GetOverlappedResult(file, &overlapped[i], &returned, TRUE), ERROR_OPERATION_ABORTED);
}

static void CheckEnd(LPTHREAD_START_ROUTINE routine) {
  TEST_STATE before = StateOf(device);
  file = OpenTest(FILE_FLAG_OVERLAPPED);
  Start(2);
  RunToItsEnd(routine);
  CheckCancelled(0);
  CheckCancelled(1);
  TEST_STATE after = StateOf(device);
  CHECK(after.Pending == 1 && after.Cancelled == before.Cancelled + 2);
  CHECK(!HasOverlappedIoCompleted(&overlapped[2]));
  CHECK(after.Cleanups == before.Cleanups);
  CHECK(CloseHandle(file));
  after = StateOf(device);
  CHECK(after.Pending == 0 && after.Cancelled == before.Cancelled + 3);
  CHECK(after.Cleanups == before.Cleanups + 1 && after.Closes == before.Closes + 1);
  CHECK(WaitForSingleObject(overlapped[2].hEvent, 0) == WAIT_OBJECT_0);
}

int main(void) {
  device = OpenTest(0);
  for (int i = 0; i < 3; ++i) overlapped[i] = NewOverlapped();
  CheckEnd(StartAndReturn);
  CheckEnd(StartAndExit);
  for (int i = 0; i < 3; ++i) CHECK(CloseHandle(overlapped[i].hEvent));
  CHECK(CloseHandle(device));
  return 0;
}
