// SPDX-License-Identifier: MIT
// METHOD_NEITHER: raw pointers, checked by the driver. With an argument, the access that the driver makes outside __try.
#include "../common/test_client.h"
#include "neither.h"

static HANDLE device;

static void PointersArrive(void* in, DWORD inSize, void* out, DWORD outSize) {
  POINTERS pointers = {(ULONG64)(ULONG_PTR)in, (ULONG64)(ULONG_PTR)out, inSize, outSize};
  CHECK(Control(device, IOCTL_REMEMBER, &pointers, sizeof(pointers), NULL, 0));
  CHECK(Control(device, IOCTL_POINTERS, in, inSize, out, outSize));
}

static BOOL ProbeRead(void* address, DWORD length) {
  return Control(device, IOCTL_PROBE_READ, address, length, NULL, 0);
}
static BOOL ProbeWrite(void* address, DWORD length) {
  return Control(device, IOCTL_PROBE_WRITE, NULL, 0, address, length);
}
static BOOL Lock(void* address, DWORD length) { return Control(device, IOCTL_LOCK, NULL, 0, address, length); }

static void Probes(void) {
  char* page = Pages(2);
  CHECK(ProbeRead(page, 2 * TEST_PAGE) && ProbeWrite(page, 2 * TEST_PAGE));
  CHECK_FAILS(ProbeRead(page + 1, 4), ERROR_NOACCESS);  // STATUS_DATATYPE_MISALIGNMENT
  CHECK_FAILS(ProbeWrite(page + 2, 4), ERROR_NOACCESS);
  CHECK(ProbeRead(page + 1, 0) && ProbeWrite(KERNEL_ADDRESS, 0));  // a length of zero is not looked at
  CHECK_FAILS(ProbeRead(KERNEL_ADDRESS, 4), ERROR_NOACCESS);
  CHECK_FAILS(ProbeWrite(KERNEL_ADDRESS, 4), ERROR_NOACCESS);
  CHECK_FAILS(ProbeRead(NEXT_TO_LAST_ADDRESS, 0x2000), ERROR_NOACCESS);
  CHECK_FAILS(ProbeWrite(NEXT_TO_LAST_ADDRESS, 0x2000), ERROR_NOACCESS);
  ProtectPages(page + TEST_PAGE, 1, PAGE_READONLY);
  CHECK(ProbeRead(page, 2 * TEST_PAGE));
  CHECK_FAILS(ProbeWrite(page, 2 * TEST_PAGE), ERROR_NOACCESS);
  CHECK_FAILS(ProbeWrite(NULL, 4), ERROR_NOACCESS);
  CHECK(VirtualFree(page, 0, MEM_RELEASE));
}

static void Locks(void) {
  char* page = Pages(3);
  CHECK(Lock(page + 100, 2 * TEST_PAGE) && page[2 * TEST_PAGE + 99] == 0x77);
  CHECK_FAILS(Lock(KERNEL_ADDRESS, 16), ERROR_NOACCESS);
  CHECK_FAILS(Lock((void*)8, 16), ERROR_NOACCESS);
  CHECK_FAILS(Lock(NEXT_TO_LAST_ADDRESS, 0x2000), ERROR_NOACCESS);
  ProtectPages(page + TEST_PAGE, 1, PAGE_READONLY);
  CHECK_FAILS(Lock(page, 3 * TEST_PAGE), ERROR_NOACCESS);
  ProtectPages(page + TEST_PAGE, 1, PAGE_NOACCESS);
  CHECK_FAILS(Lock(page + 4095, 2), ERROR_NOACCESS);
  CHECK(VirtualFree(page, 0, MEM_RELEASE));
  CHECK_FAILS(Lock(page, 1), ERROR_NOACCESS);
}

static void Faults(void) {
  char* page = Pages(1);
  CHECK(Control(device, IOCTL_READ, page, 1, NULL, 0) && Control(device, IOCTL_WRITE, NULL, 0, page, 1));
  CHECK(page[0] == 1);
  ProtectPages(page, 1, PAGE_READONLY);
  CHECK_FAILS(Control(device, IOCTL_WRITE, NULL, 0, page, 1), ERROR_NOACCESS);
  ProtectPages(page, 1, PAGE_NOACCESS);
  CHECK_FAILS(Control(device, IOCTL_READ, page, 1, NULL, 0), ERROR_NOACCESS);
  CHECK(VirtualFree(page, 0, MEM_RELEASE));
  CHECK_FAILS(Control(device, IOCTL_READ, page, 1, NULL, 0), ERROR_NOACCESS);
  for (int i = 0; i < 1000; ++i) CHECK_FAILS(Control(device, IOCTL_READ, NULL, 0, NULL, 0), ERROR_NOACCESS);
}

static void EmbeddedPointers(void) {
  ULONG values[3] = {1, 10, 100};
  NODE nodes[3] = {{&nodes[1], &values[0]}, {&nodes[2], &values[1]}, {NULL, &values[2]}};
  CHECK(Control(device, IOCTL_CHAIN, nodes, sizeof(nodes[0]), NULL, 0));
  CHECK(values[0] == 2 && values[1] == 20 && values[2] == 200);
  nodes[2].Value = KERNEL_ADDRESS;
  CHECK_FAILS(Control(device, IOCTL_CHAIN, nodes, sizeof(nodes[0]), NULL, 0), ERROR_NOACCESS);
  CHECK(values[0] == 4 && values[1] == 40);
  nodes[1].Next = (NODE*)((char*)&nodes[2] + 1);
  CHECK_FAILS(Control(device, IOCTL_CHAIN, nodes, sizeof(nodes[0]), NULL, 0), ERROR_NOACCESS);
  nodes[1].Next = (NODE*)16;
  CHECK_FAILS(Control(device, IOCTL_CHAIN, nodes, sizeof(nodes[0]), NULL, 0), ERROR_NOACCESS);
}

int main(int argc, char** argv) {
  char local[16];
  device = OpenTest(0);
  if (argc > 1 && strcmp(argv[1], "read") == 0) {
    Control(device, IOCTL_READ_UNGUARDED, (void*)0x1230, 4, NULL, 0);
    return 1;
  }
  if (argc > 1) {
    Control(device, IOCTL_WRITE_UNGUARDED, NULL, 0, (void*)0x1230, 4);
    return 1;
  }
  PointersArrive(local, sizeof(local), local + 3, 5);
  PointersArrive(NULL, 0, NULL, 0);
  PointersArrive(KERNEL_ADDRESS, 0x80000000, (void*)1, 0xFFFFFFFF);  // passed on as they are
  Probes();
  Locks();
  Faults();
  EmbeddedPointers();
  CHECK(CloseHandle(device));
  return 0;
}
