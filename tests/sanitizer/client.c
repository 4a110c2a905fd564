// SPDX-License-Identifier: MIT
// client pool|freed|buffered|direct|heap|neither: asks the driver to do it, and says so when nothing stopped it.
#include "../../samples/common/sample_client.h"
#include "overrun.h"

int main(int argc, char** argv) {
  enum { length = 40 };
  const char* mode = argc > 1 ? argv[1] : "";
  HANDLE device = OpenSampleDevice("\\\\.\\Overrun", 0);
  UCHAR* bytes = malloc(length);
  UCHAR* of_heap = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, length);

  if (!strcmp(mode, "pool")) Control(device, IOCTL_OVERRUN_POOL, NULL, 0, NULL, 0);
  if (!strcmp(mode, "freed")) Control(device, IOCTL_TOUCH_FREED_POOL, NULL, 0, NULL, 0);
  if (!strcmp(mode, "buffered")) Control(device, IOCTL_OVERRUN_BUFFERED, NULL, 0, bytes, length);
  if (!strcmp(mode, "direct")) Control(device, IOCTL_OVERRUN_DIRECT, NULL, 0, bytes, length);
  if (!strcmp(mode, "heap")) Control(device, IOCTL_OVERRUN_DIRECT, NULL, 0, of_heap, length);
  if (!strcmp(mode, "neither")) Control(device, IOCTL_OVERRUN_NEITHER, NULL, 0, bytes, length);
  printf("not reported: %s\n", mode);
  HeapFree(GetProcessHeap(), 0, of_heap);
  free(bytes);
  CloseHandle(device);
  return 0;
}
