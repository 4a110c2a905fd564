// SPDX-License-Identifier: MIT
// A client that installs, starts, stops and removes its driver. Arguments: the driver, one whose DriverEntry fails, one
// without DriverUnload, as host paths.
#include "check.h"

#include <string.h>

static SC_HANDLE g_manager;

static SC_HANDLE Create(const char* name, const char* path, DWORD start) {
  return CreateServiceA(g_manager, name, NULL, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER, start, SERVICE_ERROR_NORMAL, path,
                        NULL, NULL, NULL, NULL, NULL);
}

static DWORD StateOf(SC_HANDLE service) {
  SERVICE_STATUS status = {0};
  CHECK(QueryServiceStatus(service, &status));
  CHECK_EQ(status.dwServiceType, SERVICE_KERNEL_DRIVER);
  return status.dwCurrentState;
}

static void LifeOfAService(const char* path) {
  SERVICE_STATUS status;
  SC_HANDLE service = Create("Ring3Test", path, SERVICE_DEMAND_START);
  CHECK(service != NULL);
  CHECK_FAILS_AS(Create("ring3test", path, SERVICE_DEMAND_START), NULL, ERROR_SERVICE_EXISTS);
  CHECK_EQ(StateOf(service), SERVICE_STOPPED);
  CHECK_FAILS(ControlService(service, SERVICE_CONTROL_STOP, &status), ERROR_SERVICE_NOT_ACTIVE);
  CHECK(StartServiceA(service, 0, NULL));
  CHECK_EQ(StateOf(service), SERVICE_RUNNING);
  CHECK_FAILS(StartServiceW(service, 0, NULL), ERROR_SERVICE_ALREADY_RUNNING);

  char target[64];
  CHECK_EQ(QueryDosDeviceA("Ring3Test", target, sizeof(target)), strlen("\\Device\\Ring3Test") + 2);
  CHECK(strcmp(target, "\\Device\\Ring3Test") == 0);
  wchar_t wide[64];
  CHECK_EQ(QueryDosDeviceW(L"RING3TEST", wide, 64), strlen(target) + 2);
  CHECK_FAILS(QueryDosDeviceA("Ring3Test", target, 5), ERROR_INSUFFICIENT_BUFFER);
  CHECK_FAILS(QueryDosDeviceA("Nobody", target, sizeof(target)), ERROR_FILE_NOT_FOUND);
  static char all[16384];
  BOOL listed = FALSE;
  CHECK(QueryDosDeviceA(NULL, all, sizeof(all)) != 0);
  for (const char* name = all; *name != 0; name += strlen(name) + 1) listed = listed || strcmp(name, "Ring3Test") == 0;
  CHECK(listed);

  HANDLE device = CreateFileA("\\\\.\\Ring3Test", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
  CHECK(device != INVALID_HANDLE_VALUE);
  CHECK(CloseHandle(device));

  SERVICE_STATUS_PROCESS process;
  DWORD needed = 0;
  CHECK(QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (LPBYTE)&process, sizeof(process), &needed));
  CHECK_EQ(process.dwCurrentState, SERVICE_RUNNING);
  CHECK_FAILS(QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, NULL, 0, &needed), ERROR_INSUFFICIENT_BUFFER);
  CHECK_EQ(needed, sizeof(process));
  CHECK_FAILS(ControlService(service, 0x100, &status), ERROR_INVALID_PARAMETER);
  CHECK_FAILS(ControlService(service, SERVICE_CONTROL_PAUSE, &status), ERROR_INVALID_SERVICE_CONTROL);
  CHECK(ControlService(service, SERVICE_CONTROL_INTERROGATE, &status));
  CHECK_EQ(status.dwCurrentState, SERVICE_RUNNING);

  // Deleted while it runs: it goes when it stops.
  CHECK(DeleteService(service));
  CHECK_FAILS(DeleteService(service), ERROR_SERVICE_MARKED_FOR_DELETE);
  CHECK_FAILS_AS(Create("Ring3Test", path, SERVICE_DEMAND_START), NULL, ERROR_SERVICE_MARKED_FOR_DELETE);
  CHECK(ControlService(service, SERVICE_CONTROL_STOP, &status));
  CHECK_EQ(status.dwCurrentState, SERVICE_STOPPED);
  CHECK_FAILS(StartServiceA(service, 0, NULL), ERROR_SERVICE_MARKED_FOR_DELETE);
  CHECK(CloseServiceHandle(service));
  CHECK_FAILS_AS(OpenServiceA(g_manager, "Ring3Test", SERVICE_ALL_ACCESS), NULL, ERROR_SERVICE_DOES_NOT_EXIST);
  CHECK_FAILS_AS(CreateFileA("\\\\.\\Ring3Test", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL), INVALID_HANDLE_VALUE,
                 ERROR_FILE_NOT_FOUND);
}

// Stops while a handle to its device is open.
static void OpenDevice(const char* path) {
  SERVICE_STATUS status;
  SC_HANDLE service = Create("Ring3Test", path, SERVICE_DEMAND_START);
  CHECK(StartServiceA(service, 0, NULL));
  HANDLE device = CreateFileA("\\\\.\\Ring3Test", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
  CHECK(ControlService(service, SERVICE_CONTROL_STOP, &status));
  CHECK_EQ(status.dwCurrentState, SERVICE_STOP_PENDING);
  CHECK(CloseHandle(device));
  CHECK_EQ(StateOf(service), SERVICE_STOPPED);
  CHECK(DeleteService(service));
  CHECK(CloseServiceHandle(service));
}

static void Failures(const char* path, const char* failing, const char* without_unload) {
  SERVICE_STATUS status;
  SC_HANDLE service = Create("Disabled", path, SERVICE_DISABLED);
  CHECK_FAILS(StartServiceA(service, 0, NULL), ERROR_SERVICE_DISABLED);
  CHECK(DeleteService(service));
  CHECK(CloseServiceHandle(service));
  service = Create("Missing", "C:\\nowhere\\driver.sys", SERVICE_DEMAND_START);
  CHECK_FAILS(StartServiceA(service, 0, NULL), ERROR_FILE_NOT_FOUND);
  CHECK(DeleteService(service));
  CHECK(CloseServiceHandle(service));
  service = Create("Failing", failing, SERVICE_DEMAND_START);
  CHECK_FAILS(StartServiceA(service, 0, NULL), ERROR_NO_SYSTEM_RESOURCES);  // the driver's STATUS_INSUFFICIENT_RESOURCES
  CHECK_EQ(StateOf(service), SERVICE_STOPPED);
  CHECK(DeleteService(service));
  CHECK(CloseServiceHandle(service));
  service = Create("Staying", without_unload, SERVICE_DEMAND_START);
  CHECK(StartServiceA(service, 0, NULL));
  CHECK_FAILS(ControlService(service, SERVICE_CONTROL_STOP, &status), ERROR_INVALID_SERVICE_CONTROL);
  CHECK_EQ(StateOf(service), SERVICE_RUNNING);
  CHECK(CloseServiceHandle(service));

  CHECK_FAILS_AS(Create("a/b", path, SERVICE_DEMAND_START), NULL, ERROR_INVALID_NAME);
  CHECK_FAILS_AS(Create("", path, SERVICE_DEMAND_START), NULL, ERROR_INVALID_NAME);
  CHECK_FAILS_AS(Create("Start", path, 17), NULL, ERROR_INVALID_PARAMETER);
  CHECK_FAILS_AS(OpenServiceW(g_manager, L"Nobody", SERVICE_START), NULL, ERROR_SERVICE_DOES_NOT_EXIST);
  CHECK_FAILS_AS(OpenSCManagerA(NULL, "Other", SC_MANAGER_CONNECT), NULL, ERROR_DATABASE_DOES_NOT_EXIST);
}

static void Rights(const char* path) {
  SERVICE_STATUS status;
  SC_HANDLE weak = OpenSCManagerA(NULL, SERVICES_ACTIVE_DATABASEA, SC_MANAGER_CONNECT);
  CHECK_FAILS_AS(CreateServiceA(weak, "X", "X", SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER, SERVICE_DEMAND_START,
                                SERVICE_ERROR_NORMAL, path, NULL, NULL, NULL, NULL, NULL),
                 NULL, ERROR_ACCESS_DENIED);
  SC_HANDLE service = Create("Rights", path, SERVICE_DEMAND_START);
  SC_HANDLE query = OpenServiceA(weak, "rights", SERVICE_QUERY_STATUS);
  CHECK_EQ(StateOf(query), SERVICE_STOPPED);
  CHECK_FAILS(StartServiceA(query, 0, NULL), ERROR_ACCESS_DENIED);
  CHECK_FAILS(ControlService(query, SERVICE_CONTROL_STOP, &status), ERROR_ACCESS_DENIED);
  CHECK_FAILS(DeleteService(query), ERROR_ACCESS_DENIED);
  SC_HANDLE start = OpenServiceA(weak, "Rights", SERVICE_START);
  CHECK_FAILS(QueryServiceStatus(start, &status), ERROR_ACCESS_DENIED);
  CHECK_FAILS(QueryServiceStatus(weak, &status), ERROR_INVALID_HANDLE);  // the manager's handle
  CHECK_FAILS(DeleteService(NULL), ERROR_INVALID_HANDLE);
  CHECK_FAILS(CloseServiceHandle(NULL), ERROR_INVALID_HANDLE);
  CHECK(CloseServiceHandle(start) && CloseServiceHandle(query) && CloseServiceHandle(weak));
  CHECK(DeleteService(service));
  CHECK(CloseServiceHandle(service));
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  g_manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
  CHECK(g_manager != NULL);
  LifeOfAService(argv[1]);
  char drive_path[1024];  // the same file, on drive C:
  snprintf(drive_path, sizeof(drive_path), "C:%s", argv[1]);
  OpenDevice(drive_path);
  Failures(argv[1], argv[2], argv[3]);
  Rights(argv[1]);
  CHECK(CloseServiceHandle(g_manager));
  return Finish();
}
