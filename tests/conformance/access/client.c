// SPDX-License-Identifier: MIT
// The access bits of control codes against the handle's access, and what a driver does not know.
#include "../common/test_client.h"
#include "access.h"

static LONG calls;
static HANDLE state;

static BOOL With(HANDLE device, DWORD access) { return Control(device, IOCTL_WITH(access), NULL, 0, NULL, 0); }

static BOOL Validate(HANDLE device, DWORD access) {
  return Control(device, IOCTL_VALIDATE, &access, sizeof(access), NULL, 0);
}

static void CheckHandle(DWORD access, BOOL reads, BOOL writes) {
  HANDLE device = OpenDevice(TEST_DEVICE, access, 0);
  char byte = 0;
  DWORD moved;
  CHECK(With(device, FILE_ANY_ACCESS));
  ++calls;
  for (DWORD wanted = 1; wanted <= 3; ++wanted) {
    BOOL allowed = ((wanted & FILE_READ_ACCESS) == 0 || reads) && ((wanted & FILE_WRITE_ACCESS) == 0 || writes);
    if (allowed) {
      CHECK(With(device, wanted) && Validate(device, wanted));
      calls += 2;
    } else {
      CHECK_FAILS(With(device, wanted), ERROR_ACCESS_DENIED);  // the driver is not called
      CHECK_FAILS(Validate(device, wanted), ERROR_ACCESS_DENIED);
      ++calls;
    }
    CHECK(StateOf(state).Calls == calls);
  }
  if (!reads) CHECK_FAILS(ReadFile(device, &byte, 1, &moved, NULL), ERROR_ACCESS_DENIED);
  if (!writes) CHECK_FAILS(WriteFile(device, &byte, 1, &moved, NULL), ERROR_ACCESS_DENIED);
  CHECK(StateOf(state).Calls == calls);
  CHECK(CloseHandle(device));
}

int main(void) {
  char byte = 0;
  state = OpenTest(0);
  CheckHandle(GENERIC_READ | GENERIC_WRITE, TRUE, TRUE);
  CheckHandle(GENERIC_ALL, TRUE, TRUE);
  CheckHandle(GENERIC_READ, TRUE, FALSE);
  CheckHandle(GENERIC_WRITE, FALSE, TRUE);
  CheckHandle(FILE_READ_DATA, TRUE, FALSE);
  CheckHandle(0, FALSE, FALSE);
  CHECK_FAILS(Control(state, IOCTL_UNKNOWN, NULL, 0, NULL, 0), ERROR_INVALID_FUNCTION);
  CHECK_FAILS(Control(state, 0, NULL, 0, NULL, 0), ERROR_INVALID_FUNCTION);
  CHECK_FAILS(Control(state, 0xFFFFFFFC, &byte, 1, &byte, 1), ERROR_INVALID_FUNCTION);
  // The driver has no routine for this.
  CHECK_FAILS(FlushFileBuffers(state), ERROR_INVALID_FUNCTION);
  CHECK(CloseHandle(state));
  return 0;
}
