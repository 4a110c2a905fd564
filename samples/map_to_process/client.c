// SPDX-License-Identifier: MIT
#include "../common/shared_region_client.h"

int main(void) {
  HANDLE device = OpenSampleDevice("\\\\.\\MapToProcess", 0);
  HANDLE other = OpenSampleDevice("\\\\.\\MapToProcess", 0);
  REGION_MAP_REPLY first = MapRegion(device, FALSE);
  REGION_MAP_REPLY second = MapRegion(other, FALSE);

  // Every mapping has its own address, and all of them are the same memory.
  Expect(first.UserAddress != second.UserAddress, "another address for another mapping");
  ExchangeThrough(device, (ULONG*)(ULONG_PTR)first.UserAddress, first.Length);
  Expect(memcmp((void*)(ULONG_PTR)first.UserAddress, (void*)(ULONG_PTR)second.UserAddress, first.Length) == 0,
         "the same bytes through both mappings");

  ReportRow("A4", "MmMapLockedPagesSpecifyCache", "driver", (void*)(ULONG_PTR)first.SystemAddress,
            (void*)(ULONG_PTR)first.UserAddress, first.Length, first.Length, TimeExchange(device));
  Control(device, IOCTL_REGION_UNMAP, NULL, 0, NULL, 0);
  CloseHandle(device);
  CloseHandle(other);  // the driver unmaps the second one in its cleanup routine
  return 0;
}
