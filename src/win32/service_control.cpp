// SPDX-License-Identifier: MIT
// Services are what Windows keeps them in: keys of the registry. A handle is the application's own.
// https://learn.microsoft.com/windows/win32/services/service-control-manager
#include "win32/nt_handle.h"
#include "win32/win32.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <vector>

namespace ring3::win32 {
namespace {

constexpr std::u16string_view kServices = u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";
constexpr ULONG kKeyValuePartialInformation = 2;
constexpr size_t kMostNameCharacters = 256;

struct KeyValuePartialInformation {
  ULONG title_index;
  ULONG type;
  ULONG data_byte_count;
  UCHAR data[1];
};

constexpr uint32_t kLive = 0x53634D67;

// What an SC_HANDLE points to: the manager, or one service.
struct ServiceHandle {
  uint32_t magic;
  bool is_manager;
  DWORD access;
  std::u16string name;
};

SC_HANDLE Export(bool is_manager, DWORD access, std::u16string name) {
  auto* const handle = new (std::nothrow) ServiceHandle{kLive, is_manager, access, std::move(name)};
  if (handle == nullptr) FailWith(ERROR_NOT_ENOUGH_MEMORY);
  return reinterpret_cast<SC_HANDLE>(handle);
}

// Resolves a handle and checks that it was opened with `access`; null with the last error set otherwise.
const ServiceHandle* Resolve(SC_HANDLE handle, bool is_manager, DWORD access) {
  auto* const service = reinterpret_cast<ServiceHandle*>(handle);
  if (service == nullptr || service->magic != kLive || service->is_manager != is_manager) {
    FailWith(ERROR_INVALID_HANDLE);
    return nullptr;
  }
  if ((service->access & access) != access) {
    FailWith(ERROR_ACCESS_DENIED);
    return nullptr;
  }
  return service;
}

DWORD MapGeneric(DWORD access, DWORD all, DWORD read, DWORD write, DWORD execute) {
  if (access & GENERIC_ALL) access |= all;
  if (access & GENERIC_READ) access |= read;
  if (access & GENERIC_WRITE) access |= write;
  if (access & GENERIC_EXECUTE) access |= execute;
  return access & 0x0FFFFFFF;
}

DWORD MapManagerAccess(DWORD access) {
  return SC_MANAGER_CONNECT | MapGeneric(access, SC_MANAGER_ALL_ACCESS, SC_MANAGER_ENUMERATE_SERVICE,
                                         SC_MANAGER_CREATE_SERVICE, SC_MANAGER_CONNECT);
}

DWORD MapServiceAccess(DWORD access) {
  return MapGeneric(access, SERVICE_ALL_ACCESS, SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS,
                    SERVICE_CHANGE_CONFIG, SERVICE_START | SERVICE_STOP);
}

bool IsServiceName(std::u16string_view name) {
  return !name.empty() && name.size() <= kMostNameCharacters && name.find_first_of(u"\\/") == name.npos;
}

std::u16string KeyPath(std::u16string_view service) {
  return std::u16string(kServices).append(service);
}

NTSTATUS OpenServiceKey(std::u16string_view service, ACCESS_MASK access, NtHandle* key) {
  const std::u16string path = KeyPath(service);
  Attributes attributes(path, OBJ_CASE_INSENSITIVE);
  return Nt().NtOpenKey(key->out(), access, attributes.get());
}

NTSTATUS SetNumber(HANDLE key, std::u16string_view name, DWORD value) {
  return Nt().NtSetValueKey(key, NtString(name).get(), 0, REG_DWORD, &value, sizeof(value));
}

NTSTATUS SetText(HANDLE key, std::u16string_view name, ULONG type, const std::u16string& value) {
  return Nt().NtSetValueKey(key, NtString(name).get(), 0, type, const_cast<char16_t*>(value.c_str()),
                            static_cast<ULONG>((value.size() + 1) * 2));
}

std::optional<DWORD> GetNumber(HANDLE key, std::u16string_view name) {
  alignas(8) UCHAR buffer[sizeof(KeyValuePartialInformation) + sizeof(DWORD)];
  ULONG returned = 0;
  if (!NT_SUCCESS(Nt().NtQueryValueKey(key, NtString(name).get(), kKeyValuePartialInformation, buffer,
                                       sizeof(buffer), &returned))) {
    return std::nullopt;
  }
  const auto* const value = reinterpret_cast<const KeyValuePartialInformation*>(buffer);
  if (value->type != REG_DWORD || value->data_byte_count != sizeof(DWORD)) return std::nullopt;
  DWORD number;
  std::memcpy(&number, value->data, sizeof(number));
  return number;
}

bool IsMarkedForDelete(HANDLE key) {
  return GetNumber(key, u"DeleteFlag").value_or(0) != 0;
}

bool EqualIgnoringCase(std::u16string_view a, std::u16string_view b) {
  const auto lower = [](char16_t c) { return c >= u'A' && c <= u'Z' ? static_cast<char16_t>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char16_t x, char16_t y) { return lower(x) == lower(y); });
}

// A driver runs while its object is in the \Driver directory.
bool IsRunning(std::u16string_view service) {
  bool found = false;
  ForEachInDirectory(u"\\Driver", [&](std::u16string_view name, std::u16string_view) {
    found = EqualIgnoringCase(name, service);
    return !found;
  });
  return found;
}

SERVICE_STATUS StatusOf(HANDLE key, std::u16string_view service) {
  SERVICE_STATUS status{};
  status.dwServiceType = GetNumber(key, u"Type").value_or(SERVICE_KERNEL_DRIVER);
  const bool running = IsRunning(service);
  status.dwCurrentState = running ? SERVICE_RUNNING : SERVICE_STOPPED;
  status.dwControlsAccepted = running ? SERVICE_ACCEPT_STOP : 0;
  status.dwWin32ExitCode = running ? ERROR_SUCCESS : ERROR_SERVICE_NEVER_STARTED;
  return status;
}

// C:\x\y.sys is kept as \??\C:\x\y.sys, as the service control manager of Windows does for drivers.
std::u16string ImagePathOf(std::u16string_view path) {
  if (path.starts_with(u"\\??\\") || path.starts_with(u"\\SystemRoot\\") || path.find(u':') == path.npos) {
    return std::u16string(path);
  }
  return NtPathFromDosPath(path);
}

struct NewService {
  std::u16string name;
  std::u16string display_name;
  std::u16string image_path;
  DWORD access;
  DWORD type;
  DWORD start;
  DWORD error_control;
};

SC_HANDLE Create(SC_HANDLE manager, const NewService& service) {
  if (Resolve(manager, true, SC_MANAGER_CREATE_SERVICE) == nullptr) return nullptr;
  if (!IsServiceName(service.name)) {
    FailWith(ERROR_INVALID_NAME);
    return nullptr;
  }
  if ((service.type & ~DWORD{SERVICE_INTERACTIVE_PROCESS}) != SERVICE_KERNEL_DRIVER &&
      (service.type & ~DWORD{SERVICE_INTERACTIVE_PROCESS}) != SERVICE_FILE_SYSTEM_DRIVER) {
    FailWith(ERROR_INVALID_PARAMETER);
    return nullptr;
  }
  if (service.start > SERVICE_DISABLED || service.error_control > SERVICE_ERROR_CRITICAL ||
      service.image_path.empty()) {
    FailWith(ERROR_INVALID_PARAMETER);
    return nullptr;
  }
  NtHandle key;
  const std::u16string path = KeyPath(service.name);
  Attributes attributes(path, OBJ_CASE_INSENSITIVE);
  ULONG disposition = 0;
  NTSTATUS status = Nt().NtCreateKey(key.out(), KEY_ALL_ACCESS, attributes.get(), 0, nullptr,
                                     REG_OPTION_NON_VOLATILE, &disposition);
  if (!NT_SUCCESS(status)) {
    Fail(status);
    return nullptr;
  }
  constexpr ULONG kOpenedExistingKey = 2;
  // A key without Type is not a service: a driver's Parameters key may have been made first.
  if (disposition == kOpenedExistingKey && GetNumber(key.get(), u"Type")) {
    FailWith(IsMarkedForDelete(key.get()) ? ERROR_SERVICE_MARKED_FOR_DELETE : ERROR_SERVICE_EXISTS);
    return nullptr;
  }
  for (const NTSTATUS step :
       {SetNumber(key.get(), u"Type", service.type), SetNumber(key.get(), u"Start", service.start),
        SetNumber(key.get(), u"ErrorControl", service.error_control),
        SetText(key.get(), u"ImagePath", REG_EXPAND_SZ, ImagePathOf(service.image_path)),
        SetText(key.get(), u"DisplayName", REG_SZ,
                service.display_name.empty() ? service.name : service.display_name)}) {
    if (!NT_SUCCESS(step)) {
      Nt().NtDeleteKey(key.get());
      Fail(step);
      return nullptr;
    }
  }
  return Export(false, MapServiceAccess(service.access), service.name);
}

SC_HANDLE Open(SC_HANDLE manager, std::u16string name, DWORD access) {
  if (Resolve(manager, true, SC_MANAGER_CONNECT) == nullptr) return nullptr;
  if (!IsServiceName(name)) {
    FailWith(ERROR_INVALID_NAME);
    return nullptr;
  }
  NtHandle key;
  const NTSTATUS status = OpenServiceKey(name, KEY_READ, &key);
  if (!NT_SUCCESS(status) || !GetNumber(key.get(), u"Type")) {
    FailWith(!NT_SUCCESS(status) && status != STATUS_OBJECT_NAME_NOT_FOUND ? ErrorOf(status)
                                                                           : ERROR_SERVICE_DOES_NOT_EXIST);
    return nullptr;
  }
  return Export(false, MapServiceAccess(access), std::move(name));
}

BOOL Start(SC_HANDLE handle) {
  const ServiceHandle* const service = Resolve(handle, false, SERVICE_START);
  if (service == nullptr) return FALSE;
  NtHandle key;
  if (!NT_SUCCESS(OpenServiceKey(service->name, KEY_READ, &key)))
    return FailWith(ERROR_SERVICE_MARKED_FOR_DELETE);
  if (IsMarkedForDelete(key.get())) return FailWith(ERROR_SERVICE_MARKED_FOR_DELETE);
  if (GetNumber(key.get(), u"Start") == SERVICE_DISABLED) return FailWith(ERROR_SERVICE_DISABLED);
  const std::u16string path = KeyPath(service->name);
  const NTSTATUS status = Nt().NtLoadDriver(NtString(path).get());
  switch (status) {
    case STATUS_IMAGE_ALREADY_LOADED:
    case STATUS_OBJECT_NAME_COLLISION:
      return FailWith(ERROR_SERVICE_ALREADY_RUNNING);
    case STATUS_OBJECT_NAME_NOT_FOUND:
    case STATUS_OBJECT_PATH_NOT_FOUND:
      return FailWith(ERROR_FILE_NOT_FOUND);
    default:
      return NT_SUCCESS(status) ? TRUE : Fail(status);
  }
}

// The key of a service that is marked goes when its driver has stopped.
void DeleteIfMarked(std::u16string_view service) {
  NtHandle key;
  if (!NT_SUCCESS(OpenServiceKey(service, KEY_ALL_ACCESS, &key))) return;
  if (IsMarkedForDelete(key.get()) && !IsRunning(service)) Nt().NtDeleteKey(key.get());
}

BOOL Control(SC_HANDLE handle, DWORD control, LPSERVICE_STATUS out) {
  if (control != SERVICE_CONTROL_STOP && control != SERVICE_CONTROL_INTERROGATE) {
    return FailWith(control == 0 || control > 255 ? ERROR_INVALID_PARAMETER : ERROR_INVALID_SERVICE_CONTROL);
  }
  const ServiceHandle* const service =
      Resolve(handle, false, control == SERVICE_CONTROL_STOP ? SERVICE_STOP : SERVICE_INTERROGATE);
  if (service == nullptr) return FALSE;
  NtHandle key;
  if (!NT_SUCCESS(OpenServiceKey(service->name, KEY_READ, &key)))
    return FailWith(ERROR_SERVICE_DOES_NOT_EXIST);
  if (!IsRunning(service->name)) {
    *out = StatusOf(key.get(), service->name);
    return FailWith(ERROR_SERVICE_NOT_ACTIVE);
  }
  if (control == SERVICE_CONTROL_STOP) {
    const std::u16string path = KeyPath(service->name);
    const NTSTATUS status = Nt().NtUnloadDriver(NtString(path).get());
    // A driver without DriverUnload cannot be stopped.
    if (status == STATUS_INVALID_DEVICE_REQUEST) return FailWith(ERROR_INVALID_SERVICE_CONTROL);
    if (!NT_SUCCESS(status)) return Fail(status);
  }
  *out = StatusOf(key.get(), service->name);
  if (control == SERVICE_CONTROL_STOP) {
    out->dwWin32ExitCode = ERROR_SUCCESS;
    // Handles to its devices keep an unloading driver in memory.
    if (out->dwCurrentState == SERVICE_RUNNING) out->dwCurrentState = SERVICE_STOP_PENDING;
    DeleteIfMarked(service->name);
  }
  return TRUE;
}

BOOL QueryStatus(SC_HANDLE handle, SERVICE_STATUS* out) {
  const ServiceHandle* const service = Resolve(handle, false, SERVICE_QUERY_STATUS);
  if (service == nullptr) return FALSE;
  NtHandle key;
  if (!NT_SUCCESS(OpenServiceKey(service->name, KEY_READ, &key)))
    return FailWith(ERROR_SERVICE_DOES_NOT_EXIST);
  *out = StatusOf(key.get(), service->name);
  return TRUE;
}

std::u16string WidenOrEmpty(LPCSTR text) {
  return text == nullptr ? std::u16string() : Widen(text);
}

}  // namespace

extern "C" {

// Only the local machine has a manager.
SC_HANDLE OpenSCManagerW(LPCWSTR lpMachineName, LPCWSTR lpDatabaseName, DWORD dwDesiredAccess) {
  if (lpMachineName != nullptr && lpMachineName[0] != 0) {
    FailWith(RPC_S_SERVER_UNAVAILABLE);
    return nullptr;
  }
  if (lpDatabaseName != nullptr && FromWide(lpDatabaseName) != u"ServicesActive") {
    FailWith(ERROR_DATABASE_DOES_NOT_EXIST);
    return nullptr;
  }
  return Export(true, MapManagerAccess(dwDesiredAccess), {});
}

SC_HANDLE OpenSCManagerA(LPCSTR lpMachineName, LPCSTR lpDatabaseName, DWORD dwDesiredAccess) {
  const std::u16string machine = WidenOrEmpty(lpMachineName);
  const std::u16string database = WidenOrEmpty(lpDatabaseName);
  return OpenSCManagerW(reinterpret_cast<LPCWSTR>(machine.c_str()),
                        lpDatabaseName == nullptr ? nullptr : reinterpret_cast<LPCWSTR>(database.c_str()),
                        dwDesiredAccess);
}

SC_HANDLE CreateServiceW(SC_HANDLE hSCManager, LPCWSTR lpServiceName, LPCWSTR lpDisplayName,
                         DWORD dwDesiredAccess, DWORD dwServiceType, DWORD dwStartType, DWORD dwErrorControl,
                         LPCWSTR lpBinaryPathName, LPCWSTR, LPDWORD, LPCWSTR, LPCWSTR, LPCWSTR) {
  return Create(hSCManager, {FromWide(lpServiceName), FromWide(lpDisplayName), FromWide(lpBinaryPathName),
                             dwDesiredAccess, dwServiceType, dwStartType, dwErrorControl});
}

SC_HANDLE CreateServiceA(SC_HANDLE hSCManager, LPCSTR lpServiceName, LPCSTR lpDisplayName,
                         DWORD dwDesiredAccess, DWORD dwServiceType, DWORD dwStartType, DWORD dwErrorControl,
                         LPCSTR lpBinaryPathName, LPCSTR, LPDWORD, LPCSTR, LPCSTR, LPCSTR) {
  return Create(hSCManager,
                {WidenOrEmpty(lpServiceName), WidenOrEmpty(lpDisplayName), WidenOrEmpty(lpBinaryPathName),
                 dwDesiredAccess, dwServiceType, dwStartType, dwErrorControl});
}

SC_HANDLE OpenServiceW(SC_HANDLE hSCManager, LPCWSTR lpServiceName, DWORD dwDesiredAccess) {
  return Open(hSCManager, FromWide(lpServiceName), dwDesiredAccess);
}

SC_HANDLE OpenServiceA(SC_HANDLE hSCManager, LPCSTR lpServiceName, DWORD dwDesiredAccess) {
  return Open(hSCManager, WidenOrEmpty(lpServiceName), dwDesiredAccess);
}

BOOL StartServiceW(SC_HANDLE hService, DWORD, LPCWSTR*) {
  return Start(hService);
}
BOOL StartServiceA(SC_HANDLE hService, DWORD, LPCSTR*) {
  return Start(hService);
}

BOOL ControlService(SC_HANDLE hService, DWORD dwControl, LPSERVICE_STATUS lpServiceStatus) {
  return Control(hService, dwControl, lpServiceStatus);
}

BOOL QueryServiceStatus(SC_HANDLE hService, LPSERVICE_STATUS lpServiceStatus) {
  return QueryStatus(hService, lpServiceStatus);
}

BOOL QueryServiceStatusEx(SC_HANDLE hService, SC_STATUS_TYPE InfoLevel, LPBYTE lpBuffer, DWORD cbBufSize,
                          LPDWORD pcbBytesNeeded) {
  if (InfoLevel != SC_STATUS_PROCESS_INFO) return FailWith(ERROR_INVALID_LEVEL);
  *pcbBytesNeeded = sizeof(SERVICE_STATUS_PROCESS);
  if (cbBufSize < sizeof(SERVICE_STATUS_PROCESS)) return FailWith(ERROR_INSUFFICIENT_BUFFER);
  SERVICE_STATUS_PROCESS status{};
  SERVICE_STATUS head{};
  if (!QueryStatus(hService, &head)) return FALSE;
  std::memcpy(&status, &head, sizeof(head));
  std::memcpy(lpBuffer, &status, sizeof(status));
  return TRUE;
}

BOOL DeleteService(SC_HANDLE hService) {
  const ServiceHandle* const service = Resolve(hService, false, DELETE);
  if (service == nullptr) return FALSE;
  NtHandle key;
  if (!NT_SUCCESS(OpenServiceKey(service->name, KEY_ALL_ACCESS, &key)) || IsMarkedForDelete(key.get())) {
    return FailWith(ERROR_SERVICE_MARKED_FOR_DELETE);
  }
  const NTSTATUS status =
      IsRunning(service->name) ? SetNumber(key.get(), u"DeleteFlag", 1) : Nt().NtDeleteKey(key.get());
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

BOOL CloseServiceHandle(SC_HANDLE hSCObject) {
  auto* const service = reinterpret_cast<ServiceHandle*>(hSCObject);
  if (service == nullptr || service->magic != kLive) return FailWith(ERROR_INVALID_HANDLE);
  service->magic = 0;
  delete service;
  return TRUE;
}

}  // extern "C"

}  // namespace ring3::win32
