// SPDX-License-Identifier: MIT
// The well-behaved client: for some seconds it does what applications do, all of it must be right, and none may take long.
//   steady MILLISECONDS MOST_MILLISECONDS_FOR_ONE
#include <windows.h>
#include <winioctl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostile.h"

static int Fail(const char* what) {
  fprintf(stderr, "steady: %s, error %lu\n", what, (unsigned long)GetLastError());
  return 1;
}

static int Echo(HANDLE device) {
  char out[64] = {0};
  DWORD count = 0;
  if (!DeviceIoControl(device, IOCTL_ECHO, "a question", 11, out, sizeof(out), &count, NULL)) return Fail("no echo");
  return count != 11 || strcmp(out, "a question") != 0 ? Fail("a wrong echo") : 0;
}

static int FillBuffer(HANDLE device, unsigned char* buffer, DWORD length) {
  DWORD count = 0, i;
  memset(buffer, 0, length);
  if (!DeviceIoControl(device, IOCTL_FILL, NULL, 0, buffer, length, &count, NULL)) return Fail("nothing was filled");
  for (i = 0; i < length; ++i) {
    if (buffer[i] != FILLED) return Fail("something was not filled");
  }
  return 0;
}

static int MapPage(void) {
  const char* page = NULL;
  DWORD count = 0;
  int wrong;
  HANDLE device = CreateFileA(LINK_NAME, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
  if (device == INVALID_HANDLE_VALUE) return Fail("the device cannot be opened");
  if (!DeviceIoControl(device, IOCTL_MAP, NULL, 0, &page, sizeof(page), &count, NULL)) return Fail("nothing was mapped");
  wrong = strcmp(page, PAGE_TEXT) != 0;
  CloseHandle(device);
  return wrong ? Fail("the page has another text") : 0;
}

int main(int argc, char** argv) {
  ULONGLONG start = GetTickCount64(), before, took, worst = 0;
  unsigned rounds = 0;
  ULONGLONG length = argc > 1 ? (ULONGLONG)atoi(argv[1]) : 1000;
  ULONGLONG most = argc > 2 ? (ULONGLONG)atoi(argv[2]) : 5000;
  unsigned char* buffer = malloc(100000);
  HANDLE device = CreateFileA(LINK_NAME, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);

  if (device == INVALID_HANDLE_VALUE) return Fail("the device cannot be opened");
  do {
    before = GetTickCount64();
    if (Echo(device) || FillBuffer(device, buffer, 100000) || MapPage()) return 1;
    took = GetTickCount64() - before;
    if (took > worst) worst = took;
    ++rounds;
  } while (GetTickCount64() - start < length);
  free(buffer);
  CloseHandle(device);
  printf("%u rounds, the longest took %llu ms\n", rounds, (unsigned long long)worst);
  if (worst > most) return Fail("one took too long");
  return 0;
}
