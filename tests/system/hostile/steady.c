// SPDX-License-Identifier: MIT
// The well-behaved client: for some seconds it does what applications do, all of it must be right, and none
// may take long.
//   steady MILLISECONDS MOST_MILLISECONDS_FOR_ONE
#include "../../conformance/common/test_client.h"
#include "hostile.h"

static void Echo(HANDLE device) {
  char out[64] = {0};
  DWORD count = 0;
  CHECK(DeviceIoControl(device, IOCTL_ECHO, "a question", 11, out, sizeof(out), &count, NULL));
  CHECK(count == 11 && strcmp(out, "a question") == 0);
}

static void FillBuffer(HANDLE device, unsigned char* buffer, DWORD length) {
  DWORD i;
  memset(buffer, 0, length);
  CHECK(Control(device, IOCTL_FILL, NULL, 0, buffer, length));
  for (i = 0; i < length; ++i) CHECK(buffer[i] == FILLED);
}

static void MapPage(void) {
  const char* page = NULL;
  HANDLE device = OpenTest(0);
  CHECK(Control(device, IOCTL_MAP, NULL, 0, &page, sizeof(page)));
  CHECK(strcmp(page, PAGE_TEXT) == 0);
  CHECK(CloseHandle(device));
}

int main(int argc, char** argv) {
  ULONGLONG start = GetTickCount64(), before, took, worst = 0, length, most;
  unsigned rounds = 0;
  unsigned char* buffer = malloc(100000);
  HANDLE device = OpenTest(0);

  CHECK(argc == 3 && buffer != NULL);
  length = (ULONGLONG)atoi(argv[1]);
  most = (ULONGLONG)atoi(argv[2]);
  do {
    before = GetTickCount64();
    Echo(device);
    FillBuffer(device, buffer, 100000);
    MapPage();
    took = GetTickCount64() - before;
    if (took > worst) worst = took;
    ++rounds;
  } while (GetTickCount64() - start < length);
  free(buffer);
  CHECK(CloseHandle(device));
  printf("%u rounds, the longest took %llu ms\n", rounds, (unsigned long long)worst);
  CHECK(worst <= most);
  return 0;
}
