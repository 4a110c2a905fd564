// SPDX-License-Identifier: MIT
//   device_security_client NAME: the error of opening the device, 0 for none, as exit status
#include <windows.h>

int main(int argc, char** argv) {
  HANDLE device;
  if (argc != 2) return 99;
  device = CreateFileA(argv[1], GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
  if (device == INVALID_HANDLE_VALUE) return (int)GetLastError();
  return CloseHandle(device) ? 0 : 98;
}
