// SPDX-License-Identifier: MIT
// What every sample client needs: opening the device, failing loudly, timing, and the line that the tour's
// table is made of.
#ifndef SAMPLE_CLIENT_H
#define SAMPLE_CLIENT_H

#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void Check(BOOL ok, const char* what) {
  char text[256] = "";
  DWORD error = GetLastError();
  if (ok) return;
  FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK,
                 NULL, error, 0, text, sizeof(text), NULL);
  fprintf(stderr, "%s failed: error %u: %s\n", what, error, text);
  exit(1);
}

static inline void Expect(BOOL true_, const char* what) {
  if (true_) return;
  fprintf(stderr, "not as it should be: %s\n", what);
  exit(1);
}

static inline HANDLE OpenSampleDevice(const char* name, DWORD flags) {
  HANDLE device = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, flags, NULL);
  Check(device != INVALID_HANDLE_VALUE, name);
  return device;
}

static inline DWORD Control(HANDLE device, DWORD code, void* in, size_t inSize, void* out, size_t outSize) {
  DWORD returned = 0;
  Check(DeviceIoControl(device, code, in, (DWORD)inSize, out, (DWORD)outSize, &returned, NULL),
        "DeviceIoControl");
  return returned;
}

static inline double NanosecondsOf(LARGE_INTEGER start, LARGE_INTEGER end, int rounds) {
  LARGE_INTEGER frequency;
  QueryPerformanceFrequency(&frequency);
  return (double)(end.QuadPart - start.QuadPart) * 1e9 / (double)frequency.QuadPart / rounds;
}

// Times one request, over many rounds.
static inline double TimeRoundTrip(HANDLE device, DWORD code, void* in, size_t inSize, void* out,
                                   size_t outSize) {
  enum { rounds = 2000 };
  LARGE_INTEGER start, end;
  QueryPerformanceCounter(&start);
  for (int i = 0; i < rounds; ++i) Control(device, code, in, inSize, out, outSize);
  QueryPerformanceCounter(&end);
  return NanosecondsOf(start, end, rounds);
}

// One row of the tour's table; `samples/tour` collects these lines.
static inline void ReportRow(const char* row, const char* way, const char* allocatedBy,
                             const void* driverAddress, const void* clientAddress, size_t toDriver,
                             size_t toClient, double nanoseconds) {
  printf("TOUR|%s|%s|%s|%llx|%llx|%llu|%llu|%.0f\n", row, way, allocatedBy,
         (unsigned long long)(ULONG_PTR)driverAddress, (unsigned long long)(ULONG_PTR)clientAddress,
         (unsigned long long)toDriver, (unsigned long long)toClient, nanoseconds);
}

#endif
