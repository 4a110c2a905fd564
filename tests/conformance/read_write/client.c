// SPDX-License-Identifier: MIT
// ReadFile and WriteFile on devices with buffered, direct and neither I/O, with byte offsets.
#include "../common/test_client.h"

enum { storeSize = 5 * 4096 };
static HANDLE state;

static DWORD At(HANDLE file, BOOL write, void* buffer, DWORD size, ULONG64 offset) {
  OVERLAPPED overlapped = NewOverlapped();
  DWORD moved = 0;
  BOOL done;
  overlapped.Offset = (DWORD)offset;
  overlapped.OffsetHigh = (DWORD)(offset >> 32);
  done = write ? WriteFile(file, buffer, size, NULL, &overlapped) : ReadFile(file, buffer, size, NULL, &overlapped);
  CHECK(done || GetLastError() == ERROR_IO_PENDING);
  CHECK(GetOverlappedResult(file, &overlapped, &moved, TRUE));
  CHECK(CloseHandle(overlapped.hEvent));
  return moved;
}

static void BadBuffers(HANDLE file) {
  char *page = Pages(2), *bad[] = {KERNEL_ADDRESS, NULL, (char*)16, NEXT_TO_LAST_ADDRESS, page + TEST_PAGE - 8};
  DWORD moved;
  ProtectPages(page + TEST_PAGE, 1, PAGE_NOACCESS);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
    CHECK_FAILS(ReadFile(file, bad[i], 8192, &moved, NULL), ERROR_NOACCESS);
    CHECK(moved == 0);
    CHECK_FAILS(WriteFile(file, bad[i], 8192, &moved, NULL), ERROR_NOACCESS);
  }
  ProtectPages(page + TEST_PAGE, 1, PAGE_READONLY);
  CHECK_FAILS(ReadFile(file, page + TEST_PAGE, 16, &moved, NULL), ERROR_NOACCESS);
  CHECK(WriteFile(file, page + TEST_PAGE, 16, &moved, NULL) && moved == 16);
  CHECK(VirtualFree(page, 0, MEM_RELEASE));
}

static void Check(const char* name) {
  HANDLE file = OpenDevice(name, GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED);
  unsigned char *out = (unsigned char*)Pages(6), *in = (unsigned char*)Pages(6);
  OVERLAPPED overlapped = NewOverlapped(), at = {0};
  DWORD moved;
  LONG calls;
  for (int i = 0; i < storeSize; ++i) out[i + 3] = (unsigned char)(i * 7 + i / 256);
  CHECK(At(file, TRUE, out + 3, storeSize, 0) == storeSize);
  CHECK(At(file, FALSE, in + 1, storeSize, 0) == storeSize);
  CHECK(memcmp(in + 1, out + 3, storeSize) == 0);
  CHECK(At(file, FALSE, in, 100, 4000) == 100 && memcmp(in, out + 4003, 90) == 0);
  CHECK(At(file, TRUE, "hello", 5, 4094) == 5);
  CHECK(At(file, FALSE, in, 7, 4093) == 7 && memcmp(in + 1, "hello", 5) == 0);
  // Beyond the end: as much as there is.
  CHECK(At(file, FALSE, in, 4096, storeSize - 10) == 10);
  overlapped.OffsetHigh = 1;
  CHECK_FAILS(ReadFile(file, in, 10, NULL, &overlapped), ERROR_HANDLE_EOF);
  // Nothing at all reaches the driver as well.
  calls = StateOf(state).Calls;
  CHECK(At(file, FALSE, NULL, 0, 5) == 0 && At(file, TRUE, KERNEL_ADDRESS, 0, 5) == 0);
  CHECK(StateOf(state).Calls == calls + 2);
  CHECK(CloseHandle(overlapped.hEvent) && CloseHandle(file));

  // Without FILE_FLAG_OVERLAPPED the file has a position; an offset may be given all the same.
  file = OpenDevice(name, GENERIC_READ | GENERIC_WRITE, 0);
  CHECK(ReadFile(file, in, 8, &moved, NULL) && moved == 8);
  at.Offset = 4094;
  CHECK(ReadFile(file, in, 5, &moved, &at) && moved == 5 && memcmp(in, "hello", 5) == 0);
  BadBuffers(file);
  CHECK(CloseHandle(file));
  CHECK(VirtualFree(out, 0, MEM_RELEASE) && VirtualFree(in, 0, MEM_RELEASE));
}

int main(void) {
  state = OpenTest(0);
  Check(TEST_DEVICE);
  Check("\\\\.\\Ring3Direct");
  Check("\\\\.\\Ring3Neither");
  CHECK(CloseHandle(state));
  return 0;
}
