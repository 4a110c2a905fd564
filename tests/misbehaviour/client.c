// SPDX-License-Identifier: MIT
// misbehaviour_client <behaviour> [stop]: asks the driver for it, and then stops the driver. Without an argument: does
// nothing, beside a driver without a device.
#include <windows.h>
#include <winioctl.h>
#include <winsvc.h>
#include <stdio.h>
#include <string.h>

#include "behaviours.h"

static const char* const Names[] = {
#define NAME(name) #name,
    BEHAVIOURS(NAME)
#undef NAME
};

// Four pages: mapped ones to lock, or ones that are gone to touch.
static void* MakePages(const char* behaviour) {
  void* pages = VirtualAlloc(NULL, 4 * 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (strcmp(behaviour, "LockPagesForever") != 0) VirtualFree(pages, 0, MEM_RELEASE);
  return pages;
}

static int StopDriver(void) {
  SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_ALL_ACCESS);
  SC_HANDLE service = OpenServiceA(manager, "misbehaviour", SERVICE_ALL_ACCESS);
  SERVICE_STATUS status;

  if (ControlService(service, SERVICE_CONTROL_STOP, &status)) return 0;
  fprintf(stderr, "the driver does not stop: error %u\n", GetLastError());
  return 1;
}

int main(int argc, char** argv) {
  int index = 0;
  DWORD returned;
  void* pages;
  HANDLE device;
  BOOL done;

  if (argc < 2) return 0;
  while (index < BehaviourCount && strcmp(Names[index], argv[1]) != 0) ++index;
  if (index == BehaviourCount) {
    fprintf(stderr, "no such behaviour: %s\n", argv[1]);
    return 2;
  }
  device = CreateFileA("\\\\.\\Misbehaviour", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
  if (device == INVALID_HANDLE_VALUE) {
    fprintf(stderr, "the device does not open: error %u\n", GetLastError());
    return 3;
  }
  pages = MakePages(argv[1]);
  done = DeviceIoControl(device, IOCTL_OF_BEHAVIOUR(index), &pages, sizeof(pages), NULL, 0, &returned, NULL);
  if (!done) fprintf(stderr, "the request failed: error %u\n", GetLastError());
  CloseHandle(device);
  if (done && argc > 2) return StopDriver();
  return done ? 0 : 1;
}
