// SPDX-License-Identifier: MIT
#include "../common/shared_region_client.h"

int main(void) {
  HANDLE device = OpenSampleDevice("\\\\.\\CommonBuffer", 0);
  REGION_MAP_REPLY view = MapRegion(device, FALSE);

  Expect(view.LogicalAddress != 0 && view.LogicalAddress + view.Length <= 0x100000000ull,
         "a logical address that a 32-bit device can reach");
  ExchangeThrough(device, (ULONG*)(ULONG_PTR)view.UserAddress, view.Length);
  ReportRow("A6", "AllocateCommonBuffer", "driver", (void*)(ULONG_PTR)view.SystemAddress,
            (void*)(ULONG_PTR)view.UserAddress, view.Length, view.Length, TimeExchange(device));
  CloseHandle(device);
  return 0;
}
