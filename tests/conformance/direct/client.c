// SPDX-License-Identifier: MIT
// METHOD_IN_DIRECT and METHOD_OUT_DIRECT: the caller's own pages, locked and described before the driver is called.
#include "../common/test_client.h"
#include "direct.h"

static HANDLE device, file;

static BOOL CheckOut(void* buffer, DWORD length) {
  EXPECTED expected = {(ULONG64)(ULONG_PTR)buffer, length};
  return Control(device, IOCTL_CHECK_OUT, &expected, sizeof(expected), buffer, length);
}

static BOOL CheckIn(void* buffer, DWORD length) {
  EXPECTED expected = {(ULONG64)(ULONG_PTR)buffer, length};
  return Control(device, IOCTL_CHECK_IN, &expected, sizeof(expected), buffer, length);
}

static void Poke(ULONG offset, UCHAR value) {
  POKE poke = {offset, value};
  CHECK(Control(device, IOCTL_POKE, &poke, sizeof(poke), NULL, 0));
}

static UCHAR Peek(ULONG offset) {
  POKE poke = {offset, 0};
  UCHAR value;
  CHECK(Control(device, IOCTL_PEEK, &poke, sizeof(poke), &value, 1));
  return value;
}

static void Shapes(void) {
  char* memory = Pages(300);
  CHECK(CheckOut(NULL, 0) && CheckIn(NULL, 0));
  CHECK(CheckOut(memory, 1));
  CHECK(CheckOut(memory + 1, 1) && CheckIn(memory + 4095, 1));
  CHECK(CheckOut(memory + 4095, 2) && CheckIn(memory + 4095, 2));
  CHECK(CheckOut(memory + 777, 123456) && CheckIn(memory + 777, 123456));
  CHECK(CheckOut(memory, 300 * TEST_PAGE) && CheckIn(memory + 3, 300 * TEST_PAGE - 3));
  CHECK(VirtualFree(memory, 0, MEM_RELEASE));
}

static void BadBuffers(void) {
  char* memory = Pages(3);
  LONG calls = StateOf(device).Calls;
  CHECK_FAILS(CheckOut(KERNEL_ADDRESS, 64), ERROR_NOACCESS);
  CHECK_FAILS(CheckIn(KERNEL_ADDRESS, 64), ERROR_NOACCESS);
  CHECK_FAILS(CheckOut(NULL, 64), ERROR_NOACCESS);
  CHECK_FAILS(CheckOut((void*)16, 64), ERROR_NOACCESS);
  CHECK_FAILS(CheckOut(NEXT_TO_LAST_ADDRESS, 0x2000), ERROR_NOACCESS);
  CHECK_FAILS(CheckIn(memory, 0xF0000000), ERROR_NOACCESS);
  // More than an MDL can describe (nf-wdm-ioallocatemdl).
  CHECK_FAILS(CheckIn(memory, 0xFFFFFFFF), ERROR_NO_SYSTEM_RESOURCES);
  // A captured input that cannot be read.
  CHECK_FAILS(Control(device, IOCTL_CHECK_OUT, KERNEL_ADDRESS, sizeof(EXPECTED), memory, 64), ERROR_NOACCESS);
  ProtectPages(memory + TEST_PAGE, 1, PAGE_READONLY);
  CHECK_FAILS(CheckOut(memory, 3 * TEST_PAGE), ERROR_NOACCESS);
  CHECK(StateOf(device).Calls == calls);
  CHECK(CheckIn(memory, 3 * TEST_PAGE));  // the driver only reads it
  CHECK(CheckOut(memory, TEST_PAGE));
  ProtectPages(memory + TEST_PAGE, 1, PAGE_NOACCESS);
  CHECK_FAILS(CheckIn(memory + TEST_PAGE - 1, 2), ERROR_NOACCESS);
  CHECK(VirtualFree(memory + TEST_PAGE, TEST_PAGE, MEM_DECOMMIT));
  CHECK_FAILS(CheckOut(memory + TEST_PAGE - 1, 2), ERROR_NOACCESS);
  CHECK(VirtualFree(memory, 0, MEM_RELEASE));
  CHECK_FAILS(CheckOut(memory, 1), ERROR_NOACCESS);
}

// Both sides see what the other writes, while the request is pending.
static void Shared(char* buffer, DWORD length) {
  // The request's block is found by its address: it must not move.
  static OVERLAPPED overlapped;
  DWORD returned, last = length - 1;
  overlapped = NewOverlapped();
  CHECK_FAILS(DeviceIoControl(file, IOCTL_SHARE, NULL, 0, buffer, length, NULL, &overlapped), ERROR_IO_PENDING);
  buffer[0] = 11;
  buffer[length / 2] = 12;
  buffer[last] = 13;
  CHECK(Peek(0) == 11 && Peek(length / 2) == 12 && Peek(last) == 13);
  Poke(0, 21);
  Poke(length / 2, 22);
  Poke(last, 23);
  CHECK(buffer[0] == 21 && buffer[length / 2] == 22 && buffer[last] == 23);
  CHECK(!HasOverlappedIoCompleted(&overlapped));
  Finish(device, 0, length);
  CHECK(GetOverlappedResult(file, &overlapped, &returned, TRUE) && returned == length);
  CHECK(CloseHandle(overlapped.hEvent));
}

// As much as a length of 32 bits can say, of which only some pages are ever touched.
static void ManyGibibytes(void) {
  SIZE_T size = 0xC0000000u;
  char* memory = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  CHECK(memory != NULL);
  Shared(memory + 12345, (DWORD)size - 12345);
  CHECK(CheckOut(memory, (DWORD)size));
  CHECK(VirtualFree(memory, 0, MEM_RELEASE));
}

int main(void) {
  char* memory = Pages(70);
  device = OpenTest(0);
  file = OpenTest(FILE_FLAG_OVERLAPPED);
  Shapes();
  BadBuffers();
  Shared(memory + 100, 3);
  Shared(memory + 4000, 65 * TEST_PAGE);
  ManyGibibytes();
  CHECK(VirtualFree(memory, 0, MEM_RELEASE));
  CHECK(CloseHandle(file) && CloseHandle(device));
  return 0;
}
