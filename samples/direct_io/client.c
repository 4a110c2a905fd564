// SPDX-License-Identifier: MIT
#include "../common/sample_client.h"
#include "direct_io.h"

int main(void) {
  // An unaligned start and a length over many pages: nothing is copied, so nothing has to be round.
  enum { words = 1024 * 1024 };
  HANDLE device = OpenSampleDevice("\\\\.\\DirectIo", FILE_FLAG_OVERLAPPED);
  char* block = malloc(words * sizeof(ULONG) + 64);
  ULONG* buffer = (ULONG*)(block + 20);
  OVERLAPPED shared = {0}, control = {0};
  EXCHANGE_REPLY reply;
  ULONG64 sum = 0;
  DWORD returned;
  int i;

  shared.hEvent = CreateEvent(NULL, TRUE, FALSE, NULL);
  control.hEvent = CreateEvent(NULL, TRUE, FALSE, NULL);
  Check(block != NULL && shared.hEvent != NULL && control.hEvent != NULL, "setting up");

  Expect(!DeviceIoControl(device, IOCTL_SHARE, NULL, 0, buffer, words * sizeof(ULONG), NULL, &shared) &&
             GetLastError() == ERROR_IO_PENDING,
         "a pending request");
  // The request is pending: write into the buffer, and let the driver see it.
  for (i = 0; i < words; ++i) sum += buffer[i] = i * 2654435761u;
  DeviceIoControl(device, IOCTL_EXCHANGE, NULL, 0, &reply, sizeof(reply), NULL, &control);
  Check(GetOverlappedResult(device, &control, &returned, TRUE), "EXCHANGE");
  Expect(reply.SumOfWords == sum, "the driver's view of what was written while the request was pending");
  for (i = 0; i < words; ++i) Expect(buffer[i] == ~(i * 2654435761u), "what the driver wrote, still pending");
  Expect(!HasOverlappedIoCompleted(&shared), "the request, still pending");

  DeviceIoControl(device, IOCTL_FINISH, NULL, 0, NULL, 0, NULL, &control);
  Check(GetOverlappedResult(device, &control, &returned, TRUE), "FINISH");
  Check(GetOverlappedResult(device, &shared, &returned, TRUE), "SHARE");
  Expect(returned == words * sizeof(ULONG), "the number of bytes that the driver reported");

  // METHOD_IN_DIRECT: the driver reads the same pages.
  for (sum = 0, i = 0; i < words; ++i) sum += buffer[i];
  DeviceIoControl(device, IOCTL_SUM, &sum, sizeof(sum), buffer, words * sizeof(ULONG), NULL, &control);
  Check(GetOverlappedResult(device, &control, &returned, TRUE), "SUM");

  // An address that is not the application's fails the call; the driver is never called.
  Expect(!DeviceIoControl(device, IOCTL_TOUCH, NULL, 0, (void*)0x10, 4096, NULL, &control) &&
             GetLastError() == ERROR_NOACCESS,
         "ERROR_NOACCESS for a bad buffer");
  CloseHandle(device);

  device = OpenSampleDevice("\\\\.\\DirectIo", 0);
  ReportRow("A1", "METHOD_OUT/IN_DIRECT", "application", (void*)(ULONG_PTR)reply.SystemAddress, buffer,
            words * sizeof(ULONG), words * sizeof(ULONG),
            TimeRoundTrip(device, IOCTL_TOUCH, NULL, 0, buffer, words * sizeof(ULONG)));
  CloseHandle(device);
  CloseHandle(shared.hEvent);
  CloseHandle(control.hEvent);
  free(block);
  return 0;
}
