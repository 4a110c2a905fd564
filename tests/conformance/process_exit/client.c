// SPDX-License-Identifier: MIT
// A client that leaves in the middle of everything, in the way that its argument says. That nothing is left
// pending, locked, mapped or open is checked by the driver when it is unloaded and by `ring3 run
// --fail-on-leaks`.
#include "../common/test_client.h"

#define IOCTL_PEND TEST_CODE(1, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_PEND_BUFFERED TEST_CODE(2, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_PEND_NEITHER TEST_CODE(3, METHOD_NEITHER, FILE_ANY_ACCESS)

enum { waiters = 3, status = 23 };
static OVERLAPPED direct, buffered, neither, reading;
static char buffer[100000];

// Never comes back.
static DWORD WINAPI WaitInRequest(LPVOID file) {
  static char blocks[waiters][8192];
  static volatile LONG next = -1;
  DWORD returned;
  LONG mine = InterlockedIncrement(&next);
  DeviceIoControl(file, IOCTL_PEND, NULL, 0, blocks[mine], sizeof(blocks[mine]), &returned, NULL);
  return 0;
}

static DWORD WINAPI WaitForEvent(LPVOID event) {
  return WaitForSingleObjectEx(event, INFINITE, TRUE);
}

static DWORD WINAPI Compute(LPVOID unused) {
  static volatile unsigned spins;
  (void)unused;
  for (;;) ++spins;
}

static DWORD WINAPI Close(LPVOID unused) {
  (void)unused;
  for (;;) CloseHandle(OpenTest(0));
}

static DWORD WINAPI Leave(LPVOID unused) {
  (void)unused;
  exit(status);
}

int main(int argc, char** argv) {
  const char* way = argc > 1 ? argv[1] : "exit";
  HANDLE device = OpenTest(0), file = OpenTest(FILE_FLAG_OVERLAPPED), copy = NULL;
  HANDLE event = CreateEventA(NULL, TRUE, FALSE, "Ring3TestNeverSet");

  direct = NewOverlapped();
  buffered = NewOverlapped();
  neither = NewOverlapped();
  reading = NewOverlapped();
  CHECK_FAILS(DeviceIoControl(file, IOCTL_PEND, NULL, 0, buffer, sizeof(buffer), NULL, &direct),
              ERROR_IO_PENDING);
  CHECK_FAILS(DeviceIoControl(file, IOCTL_PEND_BUFFERED, buffer, 100, buffer, 100, NULL, &buffered),
              ERROR_IO_PENDING);
  CHECK_FAILS(DeviceIoControl(file, IOCTL_PEND_NEITHER, buffer, 100, buffer, 100, NULL, &neither), ERROR_IO_PENDING);
  CHECK_FAILS(ReadFile(file, buffer, 50, NULL, &reading), ERROR_IO_PENDING);
  CHECK(DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &copy, 0, FALSE,
                        DUPLICATE_SAME_ACCESS));
  CHECK(VirtualAlloc(NULL, 1 << 20, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) != NULL);
  for (int i = 0; i < waiters; ++i) CHECK(CreateThread(NULL, 0, WaitInRequest, OpenTest(0), 0, NULL) != NULL);
  CHECK(CreateThread(NULL, 0, WaitForEvent, event, 0, NULL) != NULL);
  CHECK(CreateThread(NULL, 0, Compute, NULL, 0, NULL) != NULL);
  CHECK(CreateThread(NULL, 0, Close, NULL, 0, NULL) != NULL);
  CHECK(CreateThread(NULL, 0, Compute, NULL, CREATE_SUSPENDED, NULL) != NULL);
  AwaitPending(device, 4 + waiters);

  if (strcmp(way, "return") == 0) return status;
  if (strcmp(way, "exit_process") == 0) ExitProcess(status);
  if (strcmp(way, "exit_elsewhere") == 0) {
    CHECK(CreateThread(NULL, 0, Leave, NULL, 0, NULL) != NULL);
    Sleep(INFINITE);
  }
  exit(status);
}
