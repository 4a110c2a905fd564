// SPDX-License-Identifier: MIT
// METHOD_BUFFERED: captured copy in, IoStatus.Information bytes out and never more than the caller's buffer.
#include "../common/test_client.h"
#include "buffered.h"

#define NTSTATUS_BUFFER_OVERFLOW ((LONG)0x80000005)
#define NTSTATUS_UNSUCCESSFUL ((LONG)0xC0000001)

static HANDLE device;

static void Lengths(void) {
  DESCRIPTION description = {0};
  char input[] = {1, 2, 3};
  DWORD returned = 7;
  CHECK(DeviceIoControl(device, IOCTL_DESCRIBE, input, 3, &description, sizeof(description), &returned, NULL));
  CHECK(returned == sizeof(description));
  CHECK(description.InLength == 3 && description.OutLength == sizeof(description) && description.SumOfInput == 6);
  CHECK(DeviceIoControl(device, IOCTL_NOTHING, NULL, 0, NULL, 0, &returned, NULL) && returned == 0);
  // A length of zero: the address means nothing.
  CHECK(DeviceIoControl(device, IOCTL_NOTHING, KERNEL_ADDRESS, 0, (void*)1, 0, &returned, NULL));
  // Nothing has to be aligned.
  char* odd = Pages(2) + TEST_PAGE - 5;
  memset(odd, 2, 9);
  CHECK(DeviceIoControl(device, IOCTL_DESCRIBE, odd, 9, odd, sizeof(description), &returned, NULL));
  memcpy(&description, odd, sizeof(description));
  CHECK(description.InLength == 9 && description.SumOfInput == 18);
  CHECK(VirtualFree(odd + 5 - TEST_PAGE, 0, MEM_RELEASE));
}

// Output bytes: as many as the driver says, but not more than there is room for; with a warning as with success, and none
// with an error.
static void Information(void) {
  struct {
    LONG status;
    ULONG information;
    DWORD error;
    DWORD delivered;
  } rows[] = {
      {0, 0, 0, 0},
      {0, 10, 0, 10},
      {0, 64, 0, 64},
      {0, 1000, 0, 64},
      {NTSTATUS_BUFFER_OVERFLOW, 32, ERROR_MORE_DATA, 32},
      {NTSTATUS_UNSUCCESSFUL, 64, ERROR_GEN_FAILURE, 0},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
    TEST_FINISH finish = {rows[i].status, rows[i].information};
    unsigned char output[128];
    DWORD returned = 99, delivered = 0;
    memset(output, 0, sizeof(output));
    if (rows[i].error == 0) {
      CHECK(DeviceIoControl(device, IOCTL_ANSWER, &finish, sizeof(finish), output, 64, &returned, NULL));
      CHECK(returned == rows[i].information);
    } else {
      CHECK_FAILS(DeviceIoControl(device, IOCTL_ANSWER, &finish, sizeof(finish), output, 64, &returned, NULL),
                  rows[i].error);
      CHECK(returned == rows[i].delivered);
    }
    while (delivered < sizeof(output) && output[delivered] == 0x5A) ++delivered;
    CHECK(delivered == rows[i].delivered);
    for (; delivered < sizeof(output); ++delivered) CHECK(output[delivered] == 0);
  }
}

// The driver never sees a request with a bad buffer.
static void BadBuffers(void) {
  char* page = Pages(2);
  char good[64] = {0};
  LONG calls = StateOf(device).Calls;
  CHECK_FAILS(Control(device, IOCTL_DESCRIBE, KERNEL_ADDRESS, 8, good, 64), ERROR_NOACCESS);
  CHECK_FAILS(Control(device, IOCTL_DESCRIBE, good, 8, KERNEL_ADDRESS, 64), ERROR_NOACCESS);
  CHECK_FAILS(Control(device, IOCTL_DESCRIBE, NULL, 8, good, 64), ERROR_NOACCESS);
  CHECK_FAILS(Control(device, IOCTL_DESCRIBE, good, 8, NULL, 64), ERROR_NOACCESS);
  CHECK_FAILS(Control(device, IOCTL_DESCRIBE, NEXT_TO_LAST_ADDRESS, 0x2000, good, 64), ERROR_NOACCESS);
  CHECK_FAILS(Control(device, IOCTL_DESCRIBE, good, 8, NEXT_TO_LAST_ADDRESS, 0x2000), ERROR_NOACCESS);
  CHECK_FAILS(Control(device, IOCTL_DESCRIBE, good, 8, good, 0xFFFFFFFF), ERROR_NOACCESS);
  ProtectPages(page + TEST_PAGE, 1, PAGE_NOACCESS);
  CHECK_FAILS(Control(device, IOCTL_DESCRIBE, page + TEST_PAGE - 4, 8, good, 64), ERROR_NOACCESS);
  CHECK_FAILS(Control(device, IOCTL_DESCRIBE, good, 8, page + TEST_PAGE - 4, 64), ERROR_NOACCESS);
  ProtectPages(page, 2, PAGE_READONLY);
  CHECK_FAILS(Control(device, IOCTL_DESCRIBE, good, 8, page, 64), ERROR_NOACCESS);
  CHECK(StateOf(device).Calls == calls);
  CHECK(Control(device, IOCTL_DESCRIBE, page, 8, good, 64));  // for reading, that is enough
  CHECK(VirtualFree(page, 0, MEM_RELEASE));
  CHECK_FAILS(Control(device, IOCTL_DESCRIBE, page, 8, good, 64), ERROR_NOACCESS);
}

// What was captured stays as it was.
static void Captured(void) {
  HANDLE file = OpenTest(FILE_FLAG_OVERLAPPED);
  OVERLAPPED overlapped = NewOverlapped();
  unsigned char* input = (unsigned char*)Pages(1);
  ULONG sum = 0;
  DWORD returned;
  memset(input, 1, 100);
  CHECK_FAILS(DeviceIoControl(file, IOCTL_KEEP, input, 100, input, 100, NULL, &overlapped), ERROR_IO_PENDING);
  memset(input, 9, 100);
  CHECK(Control(device, IOCTL_KEPT, NULL, 0, &sum, sizeof(sum)) && sum == 100);
  CHECK(input[0] == 9);
  Finish(device, 0, 40);
  CHECK(GetOverlappedResult(file, &overlapped, &returned, TRUE) && returned == 40);
  CHECK(input[39] == 1 && input[40] == 9);
  // The output buffer may be gone when the request ends: that is the request's error, nobody's crash.
  CHECK_FAILS(DeviceIoControl(file, IOCTL_KEEP, input, 100, input, 100, NULL, &overlapped), ERROR_IO_PENDING);
  CHECK(VirtualFree(input, 0, MEM_RELEASE));
  Finish(device, 0, 40);
  CHECK_FAILS(GetOverlappedResult(file, &overlapped, &returned, TRUE), ERROR_NOACCESS);
  CHECK(CloseHandle(overlapped.hEvent) && CloseHandle(file));
}

int main(void) {
  device = OpenTest(0);
  Lengths();
  Information();
  BadBuffers();
  Captured();
  CHECK(CloseHandle(device));
  return 0;
}
