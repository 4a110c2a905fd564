// SPDX-License-Identifier: MIT
// Makes one request, says so, and does nothing until its input ends.
#include <windows.h>
#include <winioctl.h>

#include <stdio.h>

#include "idle_clients.h"

int main(void) {
  HANDLE device = CreateFileA("\\\\.\\IdleClients", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
  char in[100] = {1}, out[100] = {0};
  DWORD returned = 0;

  if (device == INVALID_HANDLE_VALUE) return 1;
  if (!DeviceIoControl(device, IDLE_ECHO, in, sizeof(in), out, sizeof(out), &returned, NULL)) return 2;
  if (returned != sizeof(out) || out[0] != 1) return 3;
  puts("idle");
  fflush(stdout);
  getchar();
  CloseHandle(device);
  return 0;
}
