// SPDX-License-Identifier: MIT
// registry_store_client <count>: the driver must have been started so often with this registry.
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include "registry_store.h"

int main(int argc, char** argv) {
  HANDLE device = CreateFileA("\\\\.\\RegistryStore", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
  DWORD count = 0, returned = 0;
  if (argc != 2 ||
      !DeviceIoControl(device, IOCTL_STORE_COUNT, NULL, 0, &count, sizeof(count), &returned, NULL)) {
    printf("DeviceIoControl: %u\n", (unsigned)GetLastError());
    return 2;
  }
  CloseHandle(device);
  printf("started %u times\n", (unsigned)count);
  return count == (DWORD)atoi(argv[1]) ? 0 : 1;
}
