// SPDX-License-Identifier: MIT
#include "../common/shared_region_client.h"

int main(void) {
  HANDLE writer = OpenSampleDevice("\\\\.\\MdlPages", 0);
  HANDLE reader = OpenSampleDevice("\\\\.\\MdlPages", 0);
  REGION_MAP_REPLY view = MapRegion(writer, FALSE);
  REGION_MAP_REPLY read_only = MapRegion(reader, TRUE);
  const UCHAR* bytes = (const UCHAR*)(ULONG_PTR)view.UserAddress;
  DWORD old;
  ULONG64 i;

  for (i = 0; i < view.Length; ++i) Expect(bytes[i] == 0, "zero-filled pages");
  ExchangeThrough(writer, (ULONG*)(ULONG_PTR)view.UserAddress, view.Length);
  Expect(
      memcmp((void*)(ULONG_PTR)view.UserAddress, (void*)(ULONG_PTR)read_only.UserAddress, view.Length) == 0,
      "the same bytes through the read-only view");
  Expect(!VirtualProtect((void*)(ULONG_PTR)read_only.UserAddress, 4096, PAGE_READWRITE, &old),
         "a read-only view that cannot be made writable");

  ReportRow("A5", "MmAllocatePagesForMdlEx", "driver", (void*)(ULONG_PTR)view.SystemAddress,
            (void*)(ULONG_PTR)view.UserAddress, view.Length, view.Length, TimeExchange(writer));
  CloseHandle(writer);
  CloseHandle(reader);
  return 0;
}
