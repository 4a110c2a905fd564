// SPDX-License-Identifier: MIT
// CancelIo, CancelIoEx and CancelSynchronousIo.
#include "../common/test_client.h"

#define IOCTL_PEND TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)

static HANDLE device, file;
static OVERLAPPED first, second;

static void Start(OVERLAPPED* overlapped) {
  CHECK_FAILS(DeviceIoControl(file, IOCTL_PEND, NULL, 0, NULL, 0, NULL, overlapped), ERROR_IO_PENDING);
}

static void CheckCancelled(OVERLAPPED* overlapped) {
  DWORD returned;
  CHECK_FAILS(GetOverlappedResult(file, overlapped, &returned, TRUE), ERROR_OPERATION_ABORTED);
}

static DWORD WINAPI StartSecondAndWait(LPVOID go) {
  Start(&second);
  CHECK(CancelIo(file));  // its own only
  CheckCancelled(&second);
  Start(&second);
  CHECK(SetEvent(go));
  return WaitForSingleObject(second.hEvent, INFINITE);
}

static DWORD WINAPI WaitInRequest(LPVOID error) {
  HANDLE own = OpenTest(0);
  Start(&second);
  BOOL done = Control(own, IOCTL_PEND, NULL, 0, NULL, 0);
  *(DWORD*)error = done ? 0 : GetLastError();
  CHECK(!HasOverlappedIoCompleted(&second));  // that is not synchronous
  CHECK(CloseHandle(own));
  return 0;
}

int main(void) {
  device = OpenTest(0);
  file = OpenTest(FILE_FLAG_OVERLAPPED);
  first = NewOverlapped();
  second = NewOverlapped();

  // Nothing is pending.
  CHECK(CancelIo(file));
  CHECK_FAILS(CancelIoEx(file, NULL), ERROR_NOT_FOUND);
  CHECK_FAILS(CancelIoEx(file, &first), ERROR_NOT_FOUND);
  CHECK_FAILS(CancelIo(NULL), ERROR_INVALID_HANDLE);

  // The one that is named.
  Start(&first);
  Start(&second);
  CHECK(CancelIoEx(file, &second));
  CheckCancelled(&second);
  CHECK(!HasOverlappedIoCompleted(&first) && StateOf(device).Pending == 1);
  // All of them.
  Start(&second);
  CHECK(CancelIoEx(file, NULL));
  CheckCancelled(&first);
  CheckCancelled(&second);
  // All of the calling thread.
  Start(&first);
  Start(&second);
  CHECK(CancelIo(file));
  CheckCancelled(&first);
  CheckCancelled(&second);

  // CancelIo leaves other threads' requests alone, CancelIoEx does not.
  HANDLE go = CreateEventA(NULL, FALSE, FALSE, NULL);
  Start(&first);
  HANDLE thread = CreateThread(NULL, 0, StartSecondAndWait, go, 0, NULL);
  CHECK(thread != NULL && WaitForSingleObject(go, INFINITE) == WAIT_OBJECT_0);
  CHECK(!HasOverlappedIoCompleted(&first));
  CHECK(CancelIo(file));
  CheckCancelled(&first);
  CHECK(!HasOverlappedIoCompleted(&second));
  CHECK(CancelIoEx(file, &second));
  CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
  CheckCancelled(&second);
  CHECK(CloseHandle(thread) && CloseHandle(go));

  // A thread that waits for a request of its own.
  for (int round = 0; round < 50; ++round) {
    DWORD error = 0;
    thread = CreateThread(NULL, 0, WaitInRequest, &error, 0, NULL);
    CHECK(thread != NULL);
    AwaitPending(device, 2);
    CHECK(CancelSynchronousIo(thread));
    CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
    CHECK(error == ERROR_OPERATION_ABORTED);
    CHECK_FAILS(CancelSynchronousIo(thread), ERROR_NOT_FOUND);  // it has ended
    CheckCancelled(&second);
    CHECK(CloseHandle(thread));
  }
  CHECK_FAILS(CancelSynchronousIo(GetCurrentThread()), ERROR_NOT_FOUND);

  // What the driver completes before the cancellation stays completed.
  DWORD returned;
  Start(&first);
  Finish(device, 0, 0);
  CHECK_FAILS(CancelIoEx(file, &first), ERROR_NOT_FOUND);
  CHECK(GetOverlappedResult(file, &first, &returned, TRUE));

  CHECK(CloseHandle(first.hEvent) && CloseHandle(second.hEvent) && CloseHandle(file) && CloseHandle(device));
  return 0;
}
