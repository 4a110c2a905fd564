// SPDX-License-Identifier: MIT
// Ends while the driver has memory locked, which it writes to until then.
#include "../common/test_client.h"
#include "locked_at_exit.h"

enum { LENGTH = 1 << 20 };

int main(void) {
  static OVERLAPPED overlapped;
  HANDLE file = OpenTest(FILE_FLAG_OVERLAPPED);
  char *heap = malloc(LENGTH), *pages = Pages(LENGTH / TEST_PAGE);
  CHECK(heap != NULL);
  overlapped = NewOverlapped();
  CHECK_FAILS(DeviceIoControl(file, IOCTL_KEEP_REQUEST, NULL, 0, heap, LENGTH, NULL, &overlapped), ERROR_IO_PENDING);
  CHECK(Control(OpenTest(0), IOCTL_KEEP_LOCKED, NULL, 0, pages, LENGTH));
  memset(heap, LAST_WRITTEN, LENGTH);
  memset(pages, LAST_WRITTEN, LENGTH);
  return 23;
}
