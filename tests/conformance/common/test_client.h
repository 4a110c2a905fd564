// SPDX-License-Identifier: MIT
// What every test client is made of. What it finds wrong ends it, with a message and status 1.
#ifndef TEST_CLIENT_H
#define TEST_CLIENT_H

#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_ioctl.h"

#define CHECK(Condition)                                                                     \
  do {                                                                                       \
    if (!(Condition)) {                                                                      \
      fprintf(stderr, "%s:%d: not so: %s (last error %u)\n", __FILE__, __LINE__, #Condition, \
              GetLastError());                                                               \
      exit(1);                                                                               \
    }                                                                                        \
  } while (0)

// `Call` returns FALSE, or INVALID_HANDLE_VALUE cast so, with `Error`.
#define CHECK_FAILS(Call, Error)                                                            \
  do {                                                                                      \
    BOOL ok_;                                                                               \
    SetLastError(0);                                                                        \
    ok_ = (Call);                                                                           \
    if (ok_ || GetLastError() != (Error)) {                                                 \
      fprintf(stderr, "%s:%d: %s: %s, error %u instead of %u\n", __FILE__, __LINE__, #Call, \
              ok_ ? "succeeded" : "failed", GetLastError(), (unsigned)(Error));             \
      exit(1);                                                                              \
    }                                                                                       \
  } while (0)

#define TEST_PAGE 4096u
#define TEST_DEVICE "\\\\.\\Ring3Test"

static inline HANDLE OpenDevice(const char* name, DWORD access, DWORD flags) {
  HANDLE device =
      CreateFileA(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, flags, NULL);
  CHECK(device != INVALID_HANDLE_VALUE);
  return device;
}

static inline HANDLE OpenTest(DWORD flags) {
  return OpenDevice(TEST_DEVICE, GENERIC_READ | GENERIC_WRITE, flags);
}

// A synchronous control whose byte count is not looked at.
static inline BOOL Control(HANDLE device, DWORD code, void* in, DWORD inSize, void* out, DWORD outSize) {
  DWORD returned;
  return DeviceIoControl(device, code, in, inSize, out, outSize, &returned, NULL);
}

static inline TEST_STATE StateOf(HANDLE device) {
  TEST_STATE state;
  DWORD returned = 0;
  CHECK(DeviceIoControl(device, IOCTL_TEST_STATE, NULL, 0, &state, sizeof(state), &returned, NULL));
  CHECK(returned == sizeof(state));
  return state;
}

static inline void Finish(HANDLE device, LONG status, ULONG information) {
  TEST_FINISH finish = {status, information};
  CHECK(Control(device, IOCTL_TEST_FINISH, &finish, sizeof(finish), NULL, 0));
}

// Looks until other threads have brought the driver there.
static inline void AwaitPending(HANDLE device, LONG pending) {
  while (StateOf(device).Pending != pending) Sleep(0);
}

static inline OVERLAPPED NewOverlapped(void) {
  OVERLAPPED overlapped;
  memset(&overlapped, 0, sizeof(overlapped));
  overlapped.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
  CHECK(overlapped.hEvent != NULL);
  return overlapped;
}

static inline char* Pages(size_t count) {
  char* memory = VirtualAlloc(NULL, count * TEST_PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  CHECK(memory != NULL);
  return memory;
}

static inline void ProtectPages(void* memory, size_t count, DWORD protect) {
  DWORD old;
  CHECK(VirtualProtect(memory, count * TEST_PAGE, protect, &old));
}

#define KERNEL_ADDRESS ((void*)0x7b0000010000ull)
#define NEXT_TO_LAST_ADDRESS ((void*)0xfffffffffffff000ull)

#endif
