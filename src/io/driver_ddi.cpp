// SPDX-License-Identifier: MIT
// What drivers do about themselves.
#include <ddi/cm.h>
#include <ddi/ex.h>
#include <ddi/zw.h>
#include <ntstatus.h>

#include <cstdio>
#include <cstring>
#include <vector>

#include "io/driver.h"
#include "io/driver_list.h"
#include "io/host_file_system.h"

using namespace ring3;
using namespace ring3::io;

namespace {

// The last part of a service key's path.
std::u16string_view ServiceNameOf(PUNICODE_STRING path) {
  std::u16string_view name = ob::View(*path);
  size_t slash = name.rfind(u'\\');
  return slash == std::u16string_view::npos ? name : name.substr(slash + 1);
}

// The ImagePath value of a service key.
NTSTATUS QueryImagePath(PUNICODE_STRING service_key, std::u16string* image_path) {
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, service_key, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr,
                             nullptr);
  HANDLE key = nullptr;
  RING3_TRY(ZwOpenKey(&key, KEY_READ, &attributes));
  UNICODE_STRING value = RTL_CONSTANT_STRING(L"ImagePath");
  std::vector<UCHAR> buffer(2048);
  ULONG byte_count = 0;
  NTSTATUS status = ZwQueryValueKey(key, &value, KeyValuePartialInformation, buffer.data(),
                                    static_cast<ULONG>(buffer.size()), &byte_count);
  ZwClose(key);
  if (!NT_SUCCESS(status)) return status;
  auto* partial = reinterpret_cast<PKEY_VALUE_PARTIAL_INFORMATION>(buffer.data());
  auto* text = reinterpret_cast<const char16_t*>(partial->Data);
  size_t length = partial->DataLength / sizeof(char16_t);
  while (length != 0 && text[length - 1] == 0) --length;
  image_path->assign(text, length);
  return STATUS_SUCCESS;
}

}  // namespace

extern "C" {

// Loads the driver of a service key. STATUS_OBJECT_NAME_NOT_FOUND, STATUS_IMAGE_ALREADY_LOADED,
// STATUS_INVALID_IMAGE_FORMAT, what DriverEntry returned. PASSIVE_LEVEL. nf-wdm-zwloaddriver
NTSTATUS ZwLoadDriver(PUNICODE_STRING DriverServiceName) {
  std::u16string image_path;
  RING3_TRY(QueryImagePath(DriverServiceName, &image_path));
  std::string error;
  const NTSTATUS status = LoadDriver(HostPathOfImage(image_path), ServiceNameOf(DriverServiceName), &error);
  if (!error.empty()) std::fprintf(stderr, "ring3: %s\n", error.c_str());
  return status;
}

// nf-wdm-zwunloaddriver
NTSTATUS ZwUnloadDriver(PUNICODE_STRING DriverServiceName) {
  return UnloadDriver(ServiceNameOf(DriverServiceName));
}

NTSTATUS NtLoadDriver(PUNICODE_STRING DriverServiceName) {
  return ZwLoadDriver(DriverServiceName);
}
NTSTATUS NtUnloadDriver(PUNICODE_STRING DriverServiceName) {
  return ZwUnloadDriver(DriverServiceName);
}

// Calls `DriverReinitializationRoutine` when DriverEntry has returned.
// nf-ntddk-ioregisterdriverreinitialization
VOID IoRegisterDriverReinitialization(PDRIVER_OBJECT DriverObject,
                                      PDRIVER_REINITIALIZE DriverReinitializationRoutine, PVOID Context) {
  DriverObject->Flags |= DRVO_REINIT_REGISTERED;
  g_drivers.AddReinitialization({DriverObject, DriverReinitializationRoutine, Context});
}

// nf-ntddk-ioregisterbootdriverreinitialization
VOID IoRegisterBootDriverReinitialization(PDRIVER_OBJECT DriverObject,
                                          PDRIVER_REINITIALIZE DriverReinitializationRoutine, PVOID Context) {
  DriverObject->Flags |= DRVO_BOOTREINIT_REGISTERED;
  g_drivers.AddReinitialization({DriverObject, DriverReinitializationRoutine, Context});
}

// Zeroed memory that lives as long as the driver. STATUS_OBJECT_NAME_COLLISION: the id is in use;
// STATUS_INSUFFICIENT_RESOURCES. nf-wdm-ioallocatedriverobjectextension
NTSTATUS IoAllocateDriverObjectExtension(PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress,
                                         ULONG DriverObjectExtensionSize, PVOID* DriverObjectExtension) {
  *DriverObjectExtension = nullptr;
  size_t byte_count = sizeof(DriverClientExtension) + DriverObjectExtensionSize;
  auto* extension =
      static_cast<DriverClientExtension*>(ExAllocatePoolWithTag(NonPagedPoolNx, byte_count, 'xEvD'));
  if (extension == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  std::memset(static_cast<void*>(extension), 0, byte_count);
  extension->id = ClientIdentificationAddress;
  Driver* driver = Driver::Of(DriverObject);
  bool collision = false;
  {
    SpinLockGuard guard(g_device_lock);
    for (auto* e = driver->client_extensions; e != nullptr; e = e->next) collision |= e->id == extension->id;
    if (!collision) {
      extension->next = driver->client_extensions;
      driver->client_extensions = extension;
    }
  }
  if (collision) {
    ExFreePool(extension);
    return STATUS_OBJECT_NAME_COLLISION;
  }
  *DriverObjectExtension = extension->data;
  return STATUS_SUCCESS;
}

// Null where there is none with that id. nf-wdm-iogetdriverobjectextension
PVOID IoGetDriverObjectExtension(PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress) {
  SpinLockGuard guard(g_device_lock);
  for (auto* e = Driver::Of(DriverObject)->client_extensions; e != nullptr; e = e->next) {
    if (e->id == ClientIdentificationAddress) return e->data;
  }
  return nullptr;
}

// WDM 6.0 and everything before. nf-wdm-ioiswdmversionavailable
BOOLEAN IoIsWdmVersionAvailable(UCHAR MajorVersion, UCHAR MinorVersion) {
  return MajorVersion < WDM_MAJORVERSION ||
         (MajorVersion == WDM_MAJORVERSION && MinorVersion <= WDM_MINORVERSION);
}

// The path of the driver's image, in pool that the caller frees. nf-ntddk-ioqueryfulldriverpath
NTSTATUS IoQueryFullDriverPath(PDRIVER_OBJECT DriverObject, PUNICODE_STRING FullPath) {
  std::u16string path = u"\\??\\" + *Driver::Of(DriverObject)->image_path;
  size_t byte_count = path.size() * sizeof(WCHAR);
  auto* buffer = static_cast<PWCH>(ExAllocatePoolWithTag(PagedPool, byte_count, 'htPD'));
  if (buffer == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  std::memcpy(buffer, path.data(), byte_count);
  FullPath->Buffer = buffer;
  FullPath->Length = FullPath->MaximumLength = static_cast<USHORT>(byte_count);
  return STATUS_SUCCESS;
}

}  // extern "C"
