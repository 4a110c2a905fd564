// SPDX-License-Identifier: MIT
// Has memory of the sample map_to_process mapped, says so, and keeps it until its standard input ends.
#include "../../samples/common/shared_region_client.h"

int main(void) {
  HANDLE device = OpenSampleDevice("\\\\.\\MapToProcess", 0);
  REGION_MAP_REPLY reply = MapRegion(device, TRUE);
  printf("%llx\n", (unsigned long long)reply.UserAddress);
  fflush(stdout);
  while (getchar() != EOF) {
  }
  Control(device, IOCTL_REGION_UNMAP, NULL, 0, NULL, 0);
  CloseHandle(device);
  return 0;
}
