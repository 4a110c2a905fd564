// SPDX-License-Identifier: MIT
// Handles: closed twice, duplicated, to an exclusive device; cleanup comes with the last of them.
#include "../common/test_client.h"

#define EXCLUSIVE "\\\\.\\Ring3Exclusive"
#define IOCTL_PEND TEST_CODE(1, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_UNKNOWN TEST_CODE(2, METHOD_BUFFERED, FILE_ANY_ACCESS)

static HANDLE device;

static HANDLE Open(const char* name, DWORD access) {
  return CreateFileA(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
}

static HANDLE Duplicate(HANDLE handle, DWORD access, DWORD options) {
  HANDLE copy = NULL;
  CHECK(DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &copy, access, FALSE, options));
  CHECK(copy != NULL && copy != handle);
  return copy;
}

static void BadHandles(void) {
  HANDLE once = OpenTest(0), event = CreateEventA(NULL, TRUE, FALSE, NULL);
  char byte;
  DWORD returned;
  CHECK(CloseHandle(once));
  CHECK_FAILS(CloseHandle(once), ERROR_INVALID_HANDLE);
  CHECK_FAILS(Control(once, IOCTL_TEST_STATE, NULL, 0, NULL, 0), ERROR_INVALID_HANDLE);
  CHECK_FAILS(CloseHandle(NULL), ERROR_INVALID_HANDLE);
  CHECK_FAILS(CloseHandle((HANDLE)(ULONG_PTR)0x12344), ERROR_INVALID_HANDLE);
  CHECK_FAILS(ReadFile(NULL, &byte, 1, &returned, NULL), ERROR_INVALID_HANDLE);
  CHECK_FAILS(Control(INVALID_HANDLE_VALUE, IOCTL_TEST_STATE, NULL, 0, NULL, 0), ERROR_INVALID_HANDLE);
  // Not a file.
  CHECK_FAILS(Control(event, IOCTL_TEST_STATE, NULL, 0, NULL, 0), ERROR_INVALID_HANDLE);
  CHECK(CloseHandle(event));
  CHECK_FAILS(Open("\\\\.\\Ring3NoSuchDevice", GENERIC_READ) != INVALID_HANDLE_VALUE, ERROR_FILE_NOT_FOUND);
}

static void Duplicates(void) {
  HANDLE file = OpenTest(FILE_FLAG_OVERLAPPED), copy = Duplicate(file, 0, DUPLICATE_SAME_ACCESS), third;
  OVERLAPPED overlapped = NewOverlapped();
  DWORD returned;
  TEST_STATE before = StateOf(device);
  CHECK_FAILS(DeviceIoControl(file, IOCTL_PEND, NULL, 0, NULL, 0, NULL, &overlapped), ERROR_IO_PENDING);
  CHECK(CloseHandle(file));
  CHECK(StateOf(device).Cleanups == before.Cleanups && StateOf(device).Pending == 1);
  CHECK_FAILS(CloseHandle(file), ERROR_INVALID_HANDLE);
  third = Duplicate(copy, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE);
  CHECK_FAILS(CloseHandle(copy), ERROR_INVALID_HANDLE);
  CHECK(StateOf(device).Cleanups == before.Cleanups);
  CHECK(CloseHandle(third));
  CHECK(StateOf(device).Cleanups == before.Cleanups + 1 && StateOf(device).Closes == before.Closes + 1);
  CHECK(WaitForSingleObject(overlapped.hEvent, INFINITE) == WAIT_OBJECT_0);
  CHECK_FAILS(GetOverlappedResult(third, &overlapped, &returned, FALSE), ERROR_OPERATION_ABORTED);
  CHECK(CloseHandle(overlapped.hEvent));

  // With less access than the source has.
  file = OpenTest(0);
  copy = Duplicate(file, GENERIC_READ, 0);
  char byte = 0;
  CHECK_FAILS(WriteFile(copy, &byte, 1, &returned, NULL), ERROR_ACCESS_DENIED);
  CHECK(CloseHandle(copy) && CloseHandle(file));
  HANDLE none;
  CHECK_FAILS(DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &none, 0, FALSE, DUPLICATE_SAME_ACCESS),
              ERROR_INVALID_HANDLE);
}

static void Exclusive(void) {
  HANDLE only = Open(EXCLUSIVE, GENERIC_READ), copy;
  CHECK(only != INVALID_HANDLE_VALUE);
  CHECK_FAILS(Open(EXCLUSIVE, GENERIC_READ) != INVALID_HANDLE_VALUE, ERROR_ACCESS_DENIED);
  CHECK_FAILS(Open(EXCLUSIVE, 0) != INVALID_HANDLE_VALUE, ERROR_ACCESS_DENIED);
  copy = Duplicate(only, 0, DUPLICATE_SAME_ACCESS);
  CHECK(CloseHandle(only));
  CHECK_FAILS(Open(EXCLUSIVE, GENERIC_READ) != INVALID_HANDLE_VALUE, ERROR_ACCESS_DENIED);
  CHECK(CloseHandle(copy));
  only = Open(EXCLUSIVE, GENERIC_READ);
  CHECK(only != INVALID_HANDLE_VALUE && CloseHandle(only));
}

int main(void) {
  device = OpenTest(0);
  BadHandles();
  Duplicates();
  Exclusive();
  CHECK(CloseHandle(device));
  return 0;
}
