// SPDX-License-Identifier: MIT
// An application that leaves without a word: requests pending, memory locked and mapped, handles open.
// Whoever runs it
// (`ring3 run --fail-on-leaks`) checks that nothing is left afterwards.
#include "../common/shared_region_client.h"
#include "../direct_io/direct_io.h"

static DWORD WaitForEver(LPVOID device) {
  static ULONG buffer[4096];
  DWORD returned;
  // Synchronous, and never completed by the driver: the thread dies in here.
  DeviceIoControl((HANDLE)device, IOCTL_SHARE, NULL, 0, buffer, sizeof(buffer), &returned, NULL);
  return 0;
}

int main(void) {
  HANDLE direct = OpenSampleDevice("\\\\.\\DirectIo", FILE_FLAG_OVERLAPPED);
  HANDLE region = OpenSampleDevice("\\\\.\\MapToProcess", 0);
  REGION_MAP_REPLY view = MapRegion(region, FALSE);
  ULONG* buffer = malloc(1 << 20);
  static OVERLAPPED shared;
  EXCHANGE_REPLY reply;
  DWORD returned;
  OVERLAPPED control = {0};

  shared.hEvent = CreateEvent(NULL, TRUE, FALSE, NULL);
  control.hEvent = CreateEvent(NULL, TRUE, FALSE, NULL);
  memset(buffer, 1, 1 << 20);
  Expect(!DeviceIoControl(direct, IOCTL_SHARE, NULL, 0, buffer, 1 << 20, NULL, &shared) &&
             GetLastError() == ERROR_IO_PENDING,
         "a pending request");
  DeviceIoControl(direct, IOCTL_EXCHANGE, NULL, 0, &reply, sizeof(reply), NULL, &control);
  Check(GetOverlappedResult(direct, &control, &returned, TRUE), "EXCHANGE");
  ExchangeThrough(region, (ULONG*)(ULONG_PTR)view.UserAddress, view.Length);
  Check(CreateThread(NULL, 0, WaitForEver, OpenSampleDevice("\\\\.\\DirectIo", 0), 0, NULL) != NULL,
        "CreateThread");

  ReportRow("A10", "exit with all of it pending", "both", (void*)(ULONG_PTR)reply.SystemAddress, buffer,
            1 << 20, 1 << 20, TimeExchange(region));
  fflush(stdout);
  exit(0);
}
