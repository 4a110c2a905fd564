// SPDX-License-Identifier: MIT
// registry_store_client <count>: the driver must have been started so often with this registry.
#include "../../conformance/common/test_client.h"
#include "registry_store.h"

int main(int argc, char** argv) {
  HANDLE device = OpenTest(0);
  DWORD count = 0;

  CHECK(argc == 2);
  CHECK(Control(device, IOCTL_STORE_COUNT, NULL, 0, &count, sizeof(count)));
  printf("started %u times\n", count);
  CHECK(count == (DWORD)atoi(argv[1]));
  CHECK(CloseHandle(device));
  return 0;
}
