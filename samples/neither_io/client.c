// SPDX-License-Identifier: MIT
#include "../common/sample_client.h"
#include "neither_io.h"

static UCHAR g_global[3000];

int main(void) {
  HANDLE device = OpenSampleDevice("\\\\.\\NeitherIo", 0);
  UCHAR on_stack[100];
  UCHAR* on_heap = malloc(100000);
  UCHAR* read_only = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);
  PIECE pieces[3] = {
      {on_stack, sizeof(on_stack), 'S'}, {on_heap, 100000, 'H'}, {g_global, sizeof(g_global), 'G'}};
  PIECE bad[] = {{(PUCHAR)0x10, 16, 0}, {read_only, 16, 0}, {(PUCHAR)(ULONG_PTR)-4096, 16, 0}};
  size_t i;

  memset(on_stack, 1, sizeof(on_stack));
  memset(on_heap, 2, 100000);
  memset(g_global, 3, sizeof(g_global));
  Control(device, IOCTL_FILL_PIECES, pieces, sizeof(pieces), NULL, 0);
  Expect(pieces[0].SumOfBefore == 100 && pieces[1].SumOfBefore == 200000 && pieces[2].SumOfBefore == 9000,
         "what the driver read through the embedded pointers");
  for (i = 0; i < sizeof(on_stack); ++i) Expect(on_stack[i] == 'S', "the stack");
  for (i = 0; i < 100000; ++i) Expect(on_heap[i] == 'H', "the heap");
  for (i = 0; i < sizeof(g_global); ++i) Expect(g_global[i] == 'G', "the global");

  // Nowhere, read-only and the kernel's: each is refused.
  for (i = 0; i < 3; ++i) {
    DWORD none;
    Expect(!DeviceIoControl(device, IOCTL_FILL_PIECES, &bad[i], sizeof(PIECE), NULL, 0, &none, NULL) &&
               GetLastError() == ERROR_NOACCESS,
           "ERROR_NOACCESS for a bad embedded pointer");
  }

  ReportRow("A2", "METHOD_NEITHER", "application", on_heap, on_heap, 100000, 100000,
            TimeRoundTrip(device, IOCTL_FILL_PIECES, pieces, sizeof(PIECE), NULL, 0));
  VirtualFree(read_only, 0, MEM_RELEASE);
  free(on_heap);
  CloseHandle(device);
  return 0;
}
