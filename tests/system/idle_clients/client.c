// SPDX-License-Identifier: MIT
// Makes one request, says so, and does nothing until its input ends.
#include "../../conformance/common/test_client.h"
#include "idle_clients.h"

int main(void) {
  HANDLE device = OpenTest(0);
  char in[100] = {1}, out[100] = {0};
  DWORD returned = 0;

  CHECK(DeviceIoControl(device, IOCTL_ECHO, in, sizeof(in), out, sizeof(out), &returned, NULL));
  CHECK(returned == sizeof(out) && out[0] == 1);
  puts("idle");
  fflush(stdout);
  getchar();
  CHECK(CloseHandle(device));
  return 0;
}
