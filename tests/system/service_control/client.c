// SPDX-License-Identifier: MIT
// Installs the driver that lies beside it, starts it, talks to it, stops it and removes it. Then files of
// drive C:.
#include "../../conformance/common/test_client.h"
#include "service_control.h"

#include <winsvc.h>

static HANDLE TryToOpen(void) {
  return CreateFileA(TEST_DEVICE, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
}

static DWORD ServiceStateOf(SC_HANDLE service) {
  SERVICE_STATUS status;
  return QueryServiceStatus(service, &status) ? status.dwCurrentState : 0;
}

static void TestDriver(const char* image) {
  SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_ALL_ACCESS);
  SC_HANDLE service;
  SERVICE_STATUS status;
  HANDLE device;
  ULONG value = 41, returned = 0;
  CHECK(manager != NULL);
  CHECK(OpenServiceA(manager, "ServiceControl", SERVICE_ALL_ACCESS) == NULL);
  CHECK(GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST);
  service =
      CreateServiceA(manager, "ServiceControl", "Service control", SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                     SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, image, NULL, NULL, NULL, NULL, NULL);
  CHECK(service != NULL);
  CHECK(CreateServiceA(manager, "ServiceControl", NULL, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                       SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, image, NULL, NULL, NULL, NULL,
                       NULL) == NULL);
  CHECK(GetLastError() == ERROR_SERVICE_EXISTS);
  CHECK(ServiceStateOf(service) == SERVICE_STOPPED);
  CHECK(TryToOpen() == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_NOT_FOUND);
  CHECK(StartServiceA(service, 0, NULL));
  CHECK(!StartServiceA(service, 0, NULL) && GetLastError() == ERROR_SERVICE_ALREADY_RUNNING);
  CHECK(ServiceStateOf(service) == SERVICE_RUNNING);
  device = OpenTest(0);
  CHECK(DeviceIoControl(device, IOCTL_INCREMENT, &value, sizeof(value), &value, sizeof(value), &returned,
                        NULL));
  CHECK(value == 42 && returned == sizeof(value));
  CHECK(CloseHandle(device));
  CHECK(ControlService(service, SERVICE_CONTROL_STOP, &status) && status.dwCurrentState == SERVICE_STOPPED);
  CHECK(!ControlService(service, SERVICE_CONTROL_STOP, &status) &&
        GetLastError() == ERROR_SERVICE_NOT_ACTIVE);
  CHECK(TryToOpen() == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_NOT_FOUND);
  CHECK(StartServiceA(service, 0, NULL));
  CHECK(ControlService(service, SERVICE_CONTROL_STOP, &status));
  CHECK(DeleteService(service));
  CHECK(CloseServiceHandle(service));
  CHECK(OpenServiceA(manager, "ServiceControl", SERVICE_ALL_ACCESS) == NULL);
  CHECK(GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST);
  service = CreateServiceA(manager, "Missing", NULL, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                           SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, "C:\\no\\such\\driver.sys", NULL, NULL,
                           NULL, NULL, NULL);
  CHECK(service != NULL);
  CHECK(!StartServiceA(service, 0, NULL) && GetLastError() == ERROR_FILE_NOT_FOUND);
  CHECK(DeleteService(service));
  CHECK(CloseServiceHandle(service));
  CHECK(CloseServiceHandle(manager));
}

static void TestFiles(const char* path) {
  char text[16] = {0};
  DWORD count = 0;
  LARGE_INTEGER size;
  HANDLE file =
      CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
  CHECK(file != INVALID_HANDLE_VALUE);
  CHECK(GetFileType(file) == FILE_TYPE_DISK);
  CHECK(WriteFile(file, "0123456789", 10, &count, NULL) && count == 10);
  CHECK(GetFileSize(file, NULL) == 10);
  CHECK(SetFilePointer(file, -4, NULL, FILE_END) == 6);
  CHECK(ReadFile(file, text, sizeof(text), &count, NULL) && count == 4 && memcmp(text, "6789", 4) == 0);
  CHECK(ReadFile(file, text, sizeof(text), &count, NULL) && count == 0);
  CHECK(SetFilePointer(file, -11, NULL, FILE_CURRENT) == INVALID_SET_FILE_POINTER);
  CHECK(GetLastError() == ERROR_NEGATIVE_SEEK);
  CHECK(SetFilePointer(file, 3, NULL, FILE_BEGIN) == 3 && SetEndOfFile(file));
  CHECK(GetFileSizeEx(file, &size) && size.QuadPart == 3);
  CHECK(FlushFileBuffers(file));
  CHECK(CreateFileA(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE);
  CHECK(GetLastError() == ERROR_SHARING_VIOLATION);
  CHECK(CloseHandle(file));
  CHECK(CreateFileA(path, GENERIC_READ, 0, NULL, CREATE_NEW, 0, NULL) == INVALID_HANDLE_VALUE);
  CHECK(GetLastError() == ERROR_FILE_EXISTS);
  CHECK(GetFileAttributesA(path) == FILE_ATTRIBUTE_ARCHIVE);
  CHECK(GetFileAttributesA("C:\\") == FILE_ATTRIBUTE_DIRECTORY);
  CHECK(DeleteFileA(path));
  CHECK(!DeleteFileA(path) && GetLastError() == ERROR_FILE_NOT_FOUND);
  CHECK(GetFileAttributesA(path) == INVALID_FILE_ATTRIBUTES && GetLastError() == ERROR_FILE_NOT_FOUND);
  CHECK(CreateFileA("C:\\no\\such\\file", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) ==
        INVALID_HANDLE_VALUE);
  CHECK(GetLastError() == ERROR_PATH_NOT_FOUND);
}

int main(void) {
  char folder[MAX_PATH], image[MAX_PATH + 32], path[MAX_PATH + 32];
  HANDLE file;
  CHECK(GetCurrentDirectoryA(sizeof(folder), folder) != 0);
  snprintf(image, sizeof(image), "%s\\ServiceControl.sys", folder);
  snprintf(path, sizeof(path), "%s\\service_control.tmp", folder);
  file = CreateFileA(image, GENERIC_READ, 0, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
  CHECK(file != INVALID_HANDLE_VALUE);
  CHECK(CloseHandle(file));
  TestDriver(image);
  TestFiles(path);
  return 0;
}
