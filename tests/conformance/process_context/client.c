// SPDX-License-Identifier: MIT
// In whose process and thread the driver's routines run, and what they can do there.
#include "../common/linux_memory.h"
#include "../common/test_client.h"
#include "process_context.h"

static HANDLE device;

static IDENTITY Self(void) {
  IDENTITY identity = {GetCurrentProcessId(), GetCurrentThreadId(), getenv("RING3_HOST") != NULL};
  return identity;
}

static void Identify(void) {
  IDENTITY self = Self();
  CHECK(self.ProcessId != 0 && self.ThreadId != 0);
  CHECK(self.ProcessId % 4 == 0 && self.ThreadId % 4 == 0);
  CHECK(Control(device, IOCTL_IDENTIFY, &self, sizeof(self), NULL, 0));
  CHECK(Control(device, IOCTL_IDENTIFY_DIRECT, &self, sizeof(self), NULL, 0));
  CHECK(Control(device, IOCTL_IDENTIFY_NEITHER, &self, sizeof(self), NULL, 0));
}

static void Travel(ULONG* value) {
  enum { far = 1 << 22 };
  static char* nobodys;
  JOURNEY journey = {Self(), value, NULL};
  if (nobodys == NULL) CHECK((nobodys = MapMemory(2 * far, READ_WRITE)) != NULL);
  journey.Untouched = (ULONG*)(nobodys + far);
  *value = 100;
  CHECK(Control(device, IOCTL_TRAVEL, &journey, sizeof(journey), NULL, 0));
  CHECK(*value == 114);
}

static DWORD WINAPI OnOwnThread(void* shared) {
  ULONG on_stack;
  int i;
  (void)shared;
  for (i = 0; i < 50; ++i) Identify();
  Travel(&on_stack);
  return 0;
}

static ULONG of_program;

static void Journeys(void) {
  ULONG on_stack;
#ifdef TEST_WITHOUT_HEAP
  ULONG* of_heap = (ULONG*)Pages(1);
#else
  ULONG* of_heap = malloc(sizeof(*of_heap));
#endif
  ULONG* pages = (ULONG*)Pages(1);
  int file, i;
  ULONG* of_file = (ULONG*)MapFile(4096, MAP_SHARED_, &file);
  CHECK(of_heap != NULL && of_file != NULL);
  for (i = 0; i < 20; ++i) {
    Travel(&on_stack);
    Travel(of_heap);
    Travel(&of_program);
    Travel(pages);
    Travel(of_file);
  }
#ifndef TEST_WITHOUT_HEAP
  free(of_heap);
#endif
  CHECK(VirtualFree(pages, 0, MEM_RELEASE) && munmap(of_file, 4096) == 0 && close(file) == 0);
}

static DWORD WINAPI WaitInDriver(void* handle) {
  HANDLE_VALUE value = {(ULONG64)(ULONG_PTR)handle};
  return Control(device, IOCTL_WAIT_FOR_EVENT, &value, sizeof(value), NULL, 0) ? 0 : GetLastError();
}

static void Handles(void) {
  HANDLE_VALUE value;
  HANDLE event, thread;
  DWORD error;
  CHECK(Control(device, IOCTL_MAKE_EVENT, NULL, 0, &value, sizeof(value)));
  event = (HANDLE)(ULONG_PTR)value.Handle;
  CHECK(WaitForSingleObject(event, 0) == WAIT_TIMEOUT);
  thread = CreateThread(NULL, 0, WaitInDriver, event, 0, NULL);
  CHECK(thread != NULL && SetEvent(event) && WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
  CHECK(GetExitCodeThread(thread, &error) && error == 0 && CloseHandle(thread));
  CHECK(CloseHandle(event));
  CHECK_FAILS(Control(device, IOCTL_WAIT_FOR_EVENT, &value, sizeof(value), NULL, 0), ERROR_INVALID_HANDLE);
}

static void Mappings(void) {
  MEMORY_BASIC_INFORMATION region;
  MAPPING mapping;
  ULONG value, i;
  for (i = 0; i < 5; ++i) {
    ULONG* page;
    CHECK(Control(device, IOCTL_MAP, NULL, 0, &mapping, sizeof(mapping)));
    page = (ULONG*)(ULONG_PTR)mapping.Address;
    CHECK(page != NULL && page[0] == 0x6B6B6B6B && page[1023] == 0x6B6B6B6B);
    page[0] = 7 + i;
    CHECK(Control(device, IOCTL_PEEK, NULL, 0, &value, sizeof(value)) && value == 7 + i);
    CHECK(Control(device, IOCTL_UNMAP, &mapping, sizeof(mapping), NULL, 0));
    CHECK(Control(device, IOCTL_PEEK, NULL, 0, &value, sizeof(value)) && value == 8 + i);
    CHECK(VirtualQuery(page, &region, sizeof(region)) == sizeof(region) && region.State == MEM_FREE);
  }
}

static void Names(void) {
  static const WCHAR file[] = L"\\process_context_client";
  NAMES names;
  int length = 0, i;
  CHECK(Control(device, IOCTL_NAMES, NULL, 0, &names, sizeof(names)));
  // Fourteen characters, as many as there is room for.
  CHECK(strcmp(names.Short, "process_contex") == 0);
  while (names.Full[length] != 0) ++length;
  CHECK(names.Full[0] == L'\\' && length > 22);
  for (i = 0; i < 23; ++i) CHECK(names.Full[length - 23 + i] == file[i]);
}

int main(void) {
  HANDLE threads[3];
  int i;
  device = OpenTest(0);
  Identify();
  Names();
  Journeys();
  for (i = 0; i < 3; ++i) CHECK((threads[i] = CreateThread(NULL, 0, OnOwnThread, NULL, 0, NULL)) != NULL);
  for (i = 0; i < 3; ++i)
    CHECK(WaitForSingleObject(threads[i], INFINITE) == WAIT_OBJECT_0 && CloseHandle(threads[i]));
  Handles();
  Mappings();
  CHECK(CloseHandle(device));
  return 0;
}
