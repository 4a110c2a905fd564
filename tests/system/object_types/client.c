// SPDX-License-Identifier: MIT
// Hands one handle of each kind to the driver.
#include "../../conformance/common/test_client.h"
#include "object_types.h"

static HANDLE Duplicate(HANDLE handle) {
  HANDLE real;
  CHECK(DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &real, 0, FALSE,
                        DUPLICATE_SAME_ACCESS));
  return real;
}

int main(void) {
  HANDLE device = OpenTest(0);
  HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
  HANDLE semaphore = CreateSemaphoreA(NULL, 0, 2, NULL);
  HANDLE thread = Duplicate(GetCurrentThread()), process = Duplicate(GetCurrentProcess());
  OBJECT_TYPES_REQUEST request = {(ULONG64)(ULONG_PTR)event, (ULONG64)(ULONG_PTR)semaphore,
                                  (ULONG64)(ULONG_PTR)device, (ULONG64)(ULONG_PTR)thread,
                                  (ULONG64)(ULONG_PTR)process};

  CHECK(event != NULL && semaphore != NULL);
  CHECK(Control(device, IOCTL_CHECK_OBJECT_TYPES, &request, sizeof(request), NULL, 0));
  // The driver has signalled both.
  CHECK(WaitForSingleObject(event, 0) == WAIT_OBJECT_0);
  CHECK(WaitForSingleObject(semaphore, 0) == WAIT_OBJECT_0);
  CHECK(WaitForSingleObject(semaphore, 0) == WAIT_TIMEOUT);
  CHECK(CloseHandle(process) && CloseHandle(thread) && CloseHandle(semaphore) && CloseHandle(event));
  CHECK(CloseHandle(device));
  return 0;
}
