// SPDX-License-Identifier: MIT
// Loading drivers.
#include "io/driver.h"

#include <ddi/cm.h>
#include <ddi/ex.h>
#include <ddi/zw.h>
#include <ntstatus.h>

#include <cstdio>

#include "io/device.h"
#include "io/driver_list.h"
#include "io/driver_load_error.h"
#include "io/driver_plug_and_play.h"
#include "ke/driver_gate.h"
#include "ke/service_scope.h"
#include "os/module.h"
#include "os/stack_trace.h"
#include "ps/process.h"

namespace ring3::io {

DriverList g_drivers;

namespace {

constexpr std::u16string_view kServices = u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";
// Not writable by drivers on Windows either.
UNICODE_STRING g_hardware_database =
    RTL_CONSTANT_STRING(L"\\REGISTRY\\MACHINE\\HARDWARE\\DESCRIPTION\\SYSTEM");

std::u16string Widen(const std::string& s) {
  std::u16string wide;
  for (char c : s) wide += static_cast<unsigned char>(c);
  return wide;
}

Status SetValue(HANDLE key, const WCHAR* name, ULONG type, const void* data, size_t byte_count) {
  UNICODE_STRING value_name;
  size_t length = 0;
  while (name[length] != 0) ++length;
  value_name.Buffer = const_cast<PWCH>(name);
  value_name.Length = value_name.MaximumLength = static_cast<USHORT>(length * sizeof(WCHAR));
  return ZwSetValueKey(key, &value_name, 0, type, const_cast<void*>(data), static_cast<ULONG>(byte_count));
}

Status SetNumber(HANDLE key, const WCHAR* name, ULONG number) {
  return SetValue(key, name, REG_DWORD, &number, sizeof(number));
}

// The service's key, with what the service-control manager writes there; an existing one is left alone.
Status EnsureServiceKey(const std::u16string& path, std::u16string_view image) {
  UNICODE_STRING name = ob::ToUnicodeString(path);
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
  HANDLE key = nullptr;
  ULONG disposition = 0;
  RING3_TRY(
      ZwCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, nullptr, REG_OPTION_NON_VOLATILE, &disposition));
  Status status = STATUS_SUCCESS;
  if (disposition == REG_CREATED_NEW_KEY) {
    std::u16string image_path(image);
    status = SetNumber(key, L"Type", 1);
    if (status.ok()) status = SetNumber(key, L"Start", 3);
    if (status.ok()) status = SetNumber(key, L"ErrorControl", 1);
    if (status.ok()) {
      status = SetValue(key, L"ImagePath", REG_EXPAND_SZ, image_path.c_str(),
                        (image_path.size() + 1) * sizeof(WCHAR));
    }
  }
  ZwClose(key);
  return status;
}

// A driver object named \Driver\<service_name>, with two references: the name's and the caller's.
Result<Driver*> CreateDriver(std::u16string_view service_name, PDRIVER_INITIALIZE entry, void* module) {
  if (service_name.empty() || service_name.find(u'\\') != std::u16string_view::npos)
    return STATUS_OBJECT_NAME_INVALID;
  RING3_TRY_ASSIGN(void* body, ob::CreateObject(g_driver_type, sizeof(Driver)));
  auto* driver = static_cast<Driver*>(body);
  driver->service_name = new std::u16string(service_name);
  driver->name = new std::u16string(std::u16string(u"\\Driver\\") + std::u16string(service_name));
  driver->module = module;
  driver->entry = entry;
  os::ModuleRange range = os::FindModule(reinterpret_cast<const void*>(entry));
  driver->image_path = new std::u16string(Widen(range.path));
  DRIVER_OBJECT& object = driver->object;
  object.Type = IO_TYPE_DRIVER;
  object.Size = sizeof(DRIVER_OBJECT);
  object.Flags = DRVO_LEGACY_DRIVER;
  object.DriverStart = const_cast<void*>(range.base);
  object.DriverSize = static_cast<ULONG>(range.byte_count);
  object.DriverSection = module;
  object.DriverExtension = &driver->extension;
  object.DriverName = ob::ToUnicodeString(*driver->name);
  object.HardwareDatabase = &g_hardware_database;
  object.DriverInit = entry;
  for (PDRIVER_DISPATCH& routine : object.MajorFunction) routine = InvalidDeviceRequest;
  driver->extension.DriverObject = &object;
  driver->extension.ServiceKeyName = ob::ToUnicodeString(*driver->service_name);
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &object.DriverName,
                             OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | OBJ_PERMANENT, nullptr, nullptr);
  ob::InsertOptions options;
  options.want_handle = false;
  Result<ob::Inserted> inserted = ob::InsertObject(driver, &attributes, options);
  if (!inserted.ok()) {
    return inserted.status() == STATUS_OBJECT_NAME_COLLISION ? STATUS_IMAGE_ALREADY_LOADED
                                                             : inserted.status();
  }
  return driver;
}

// Takes away what a driver that failed to load, or was unloaded, has left behind.
void TakeAway(Driver* driver) {
  while (PDEVICE_OBJECT device = driver->object.DeviceObject) {
    Device::Of(device)->extension.AttachedTo = nullptr;
    device->AttachedDevice = nullptr;
    IoDeleteDevice(device);
    if (driver->object.DeviceObject == device) break;  // a file is open on it: it goes with the file
  }
  g_drivers.Remove(driver);
  ob::MakeTemporary(driver);
  ob::RemoveName(driver);
  void* module = driver->module;
  ob::Dereference(driver);
  if (module == nullptr) return;
#if RING3_CHECKED
  // Leak reports name the code that allocated.
  os::RememberSymbols();
#endif
  os::UnloadModule(module);
}

NTSTATUS Start(PDRIVER_INITIALIZE entry, void* module, std::u16string_view service_name) {
  ke::ServiceScope scope(KernelMode);
  Result<Driver*> created = CreateDriver(service_name, entry, module);
  if (!created.ok()) {
    if (module != nullptr) os::UnloadModule(module);
    return created.status();
  }
  Driver* driver = *created;
  g_drivers.Add(driver);
  std::u16string registry_path = std::u16string(kServices) + *driver->service_name;
  Status key = EnsureServiceKey(registry_path, *driver->image_path);
  if (!key.ok()) {
    TakeAway(driver);
    return key.status();
  }
  ps::NotifyDriverImageLoaded(*driver->image_path, driver->object.DriverStart, driver->object.DriverSize);
  UNICODE_STRING path = ob::ToUnicodeString(registry_path);
  KAPC_STATE state;
  KeStackAttachProcess(reinterpret_cast<PRKPROCESS>(ps::g_system_process), &state);
  NTSTATUS status =
      ke::CallDriver(&driver->object, ke::Callback::kDriverEntry, entry, &driver->object, &path);
  KeUnstackDetachProcess(&state);
  if (!NT_SUCCESS(status)) {
    TakeAway(driver);
    return status;
  }
  driver->object.Flags |= DRVO_INITIALIZED;
  // The devices of DriverEntry may be opened from now on; later ones clear the flag themselves.
  for (PDEVICE_OBJECT device = driver->object.DeviceObject; device != nullptr; device = device->NextDevice) {
    device->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
  }
  for (PDRIVER_DISPATCH& routine : driver->object.MajorFunction) {
    if (routine == nullptr) routine = InvalidDeviceRequest;
  }
  g_drivers.CallReinitializeRoutines(&driver->object);
  if (driver->extension.AddDevice != nullptr) {
    NTSTATUS added = AddRootDevice(&driver->object);
    if (!NT_SUCCESS(added)) {
      (void)UnloadDriver(service_name);
      return added;
    }
  }
  return status;
}

// The driver will not be called any more: its devices and then its code go.
void CallUnload(Driver* driver) {
  driver->unloading = true;
  driver->object.Flags |= DRVO_UNLOAD_INVOKED;
  if (driver->object.DriverUnload != nullptr) {
    KAPC_STATE state;
    KeStackAttachProcess(reinterpret_cast<PRKPROCESS>(ps::g_system_process), &state);
    ke::CallDriver(&driver->object, ke::Callback::kDriverUnload, driver->object.DriverUnload,
                   &driver->object);
    KeUnstackDetachProcess(&state);
  }
  DrainWorkItems();
  CheckUnloadedDriver(driver);
  TakeAway(driver);
}

bool HasOpenFiles(Driver* driver) {
  SpinLockGuard guard(g_device_lock);
  for (PDEVICE_OBJECT device = driver->object.DeviceObject; device != nullptr; device = device->NextDevice) {
    if (device->ReferenceCount != 0) return true;
  }
  return false;
}

}  // namespace

NTSTATUS LoadDriver(const std::string& module_path, std::u16string_view service_name, std::string* error) {
  std::string loader_error;
  void* module = os::LoadModule(module_path.c_str(), &loader_error);
  if (module == nullptr) {
    *error = LoadErrorText(module_path, loader_error);
    return LoadErrorStatus(module_path, loader_error);
  }
  // It may lie where another one was.
  os::ForgetSymbols();
  void* entry = os::FindSymbol(module, "DriverEntry");
  if (entry == nullptr) {
    os::UnloadModule(module);
    return STATUS_INVALID_IMAGE_FORMAT;
  }
  return Start(reinterpret_cast<PDRIVER_INITIALIZE>(entry), module, service_name);
}

NTSTATUS LoadDriver(PDRIVER_INITIALIZE entry, std::u16string_view service_name) {
  return Start(entry, nullptr, service_name);
}

NTSTATUS UnloadDriver(std::u16string_view service_name) {
  ke::ServiceScope scope(KernelMode);
  Driver* driver = g_drivers.Find(service_name);
  if (driver == nullptr) return STATUS_OBJECT_NAME_NOT_FOUND;
  if (driver->object.DriverUnload == nullptr || driver->unload_pending) return STATUS_INVALID_DEVICE_REQUEST;
  RemoveRootDevices(&driver->object);
  {
    SpinLockGuard guard(g_device_lock);
    driver->unload_pending = true;
  }
  if (!HasOpenFiles(driver)) CallUnload(driver);
  return STATUS_SUCCESS;
}

void ContinueUnload(PDRIVER_OBJECT object) {
  Driver* driver = Driver::Of(object);
  if (HasOpenFiles(driver)) return;
  {
    SpinLockGuard guard(g_device_lock);
    if (!driver->unload_pending || driver->unloading) return;
    driver->unloading = true;
  }
  CallUnload(driver);
}

// The report of leaks that follows is otherwise a riddle.
void SayThatItStays(const Driver* driver) {
  if (driver->object.DriverUnload != nullptr || driver->object.DeviceObject == nullptr) return;
  const UNICODE_STRING& name = driver->object.DriverName;
  std::string text;
  for (size_t i = 0; i < name.Length / sizeof(WCHAR); ++i)
    text += name.Buffer[i] < 0x80 ? static_cast<char>(name.Buffer[i]) : '?';
  std::fprintf(stderr, "ring3: %s has no DriverUnload: its devices and what it allocated stay\n",
               text.c_str());
}

void UnloadAllDrivers() {
  ke::ServiceScope scope(KernelMode);
  NotifyShutdown(ShutdownPhase::kFirst);
  NotifyShutdown(ShutdownPhase::kLast);
  while (Driver* driver = g_drivers.Newest()) {
    RemoveRootDevices(&driver->object);
    {
      SpinLockGuard guard(g_device_lock);
      driver->unload_pending = true;
    }
    SayThatItStays(driver);
    CallUnload(driver);
  }
}

PDRIVER_OBJECT DriverOfAddress(const void* address) {
  return g_drivers.Owner(address);
}

}  // namespace ring3::io
