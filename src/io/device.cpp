// SPDX-License-Identifier: MIT
#include "io/device.h"

#include <ddi/ex.h>
#include <ntstatus.h>

#include <algorithm>

#include "io/irp.h"

namespace ring3::io {

ob::ObjectType* g_device_type = nullptr;
ob::ObjectType* g_driver_type = nullptr;
SpinLock g_device_lock{LockRank::kDeviceDatabase};

NTSTATUS InvalidDeviceRequest(PDEVICE_OBJECT, PIRP irp) {
  irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
  irp->IoStatus.Information = 0;
  IofCompleteRequest(irp, IO_NO_INCREMENT);
  return STATUS_INVALID_DEVICE_REQUEST;
}

namespace {

bool IsUnloading(const DRIVER_OBJECT* driver) {
  return Driver::Of(const_cast<PDRIVER_OBJECT>(driver))->unload_pending;
}

}  // namespace

Status ReferenceForOpen(PDEVICE_OBJECT device) {
  SpinLockGuard guard(g_device_lock);
  if ((device->Flags & DO_DEVICE_INITIALIZING) != 0 || Device::Of(device)->delete_pending ||
      IsUnloading(device->DriverObject)) {
    return STATUS_NO_SUCH_DEVICE;
  }
  if ((device->Flags & DO_EXCLUSIVE) != 0 && device->ReferenceCount != 0) return STATUS_ACCESS_DENIED;
  ++device->ReferenceCount;
  return STATUS_SUCCESS;
}

void DereferenceAfterClose(PDEVICE_OBJECT device) {
  PDRIVER_OBJECT driver = device->DriverObject;
  bool end = false;
  bool unload = false;
  {
    SpinLockGuard guard(g_device_lock);
    if (--device->ReferenceCount == 0) {
      end = Device::Of(device)->delete_pending && !Device::Of(device)->unlinked;
      unload = Driver::Of(driver)->unload_pending;
    }
  }
  if (!end && !unload) return;
  ob::Reference(driver);
  if (end) EndDevice(device);
  if (unload) ContinueUnload(driver);
  ob::Dereference(driver);
}

void EndDevice(PDEVICE_OBJECT device) {
  PDRIVER_OBJECT driver = device->DriverObject;
  {
    SpinLockGuard guard(g_device_lock);
    if (Device::Of(device)->unlinked) return;
    Device::Of(device)->unlinked = true;
    for (PDEVICE_OBJECT* link = &driver->DeviceObject; *link != nullptr; link = &(*link)->NextDevice) {
      if (*link != device) continue;
      *link = device->NextDevice;
      break;
    }
  }
  ob::Dereference(device);
}

std::vector<ob::Ref<DEVICE_OBJECT>> DevicesOf(PDRIVER_OBJECT driver) {
  std::vector<ob::Ref<DEVICE_OBJECT>> devices;
  {
    SpinLockGuard guard(g_device_lock);
    for (PDEVICE_OBJECT device = driver->DeviceObject; device != nullptr; device = device->NextDevice) {
      if (ob::ReferenceUnlessDeleted(device)) devices.push_back(ob::Ref<DEVICE_OBJECT>::Adopt(device));
    }
  }
  std::reverse(devices.begin(), devices.end());
  return devices;
}

PDEVICE_OBJECT TopOfStack(PDEVICE_OBJECT device) {
  SpinLockGuard guard(g_device_lock);
  while (device->AttachedDevice != nullptr) device = device->AttachedDevice;
  ob::Reference(device);
  return device;
}

namespace {

// The pool block of a security descriptor and what else a device has.
void DeleteDevice(void* object) {
  auto* device = static_cast<PDEVICE_OBJECT>(object);
  ForgetProperties(device);
  if (device->Vpb != nullptr) ExFreePool(device->Vpb);
  if (device->SecurityDescriptor != nullptr) ExFreePool(device->SecurityDescriptor);
  ob::Dereference(device->DriverObject);
}

void DeleteDriver(void* object) {
  auto* driver = static_cast<Driver*>(object);
  while (DriverClientExtension* extension = driver->client_extensions) {
    driver->client_extensions = extension->next;
    ExFreePool(extension);
  }
  delete driver->service_name;
  delete driver->name;
  delete driver->image_path;
}

PSECURITY_DESCRIPTOR SecurityOfDevice(void* object) {
  return static_cast<PDEVICE_OBJECT>(object)->SecurityDescriptor;
}

}  // namespace

NTSTATUS ParseDevice(ob::ParseRequest& request);

Status InitializeDeviceTypes() {
  ob::TypeOptions device;
  device.generic_mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
  device.valid_access = FILE_ALL_ACCESS;
  device.procedures.delete_object = DeleteDevice;
  device.procedures.parse = ParseDevice;
  device.procedures.security = SecurityOfDevice;
  RING3_TRY_ASSIGN(g_device_type, ob::CreateType(u"Device", device));
  ob::TypeOptions driver;
  driver.procedures.delete_object = DeleteDriver;
  RING3_TRY_ASSIGN(g_driver_type, ob::CreateType(u"Driver", driver));
  return STATUS_SUCCESS;
}

NTSTATUS SendAndWait(PDEVICE_OBJECT device, PIRP irp, PIO_STATUS_BLOCK result) {
  IrpHeader* header = IrpHeader::Of(irp);
  IO_STATUS_BLOCK local = {};
  if (result == nullptr) result = &local;
  header->is_synchronous = header->kernel_results = true;
  irp->UserIosb = result;
  irp->Flags |= IRP_SYNCHRONOUS_API;
  LinkToThread(irp);
  IofCallDriver(device, irp);
  uint32_t state = header->state.load(std::memory_order_acquire);
  if (state == kIrpIssuing) {
    KeInitializeEvent(&header->done, SynchronizationEvent, FALSE);
    if (header->state.compare_exchange_strong(state, kIrpWaiting, std::memory_order_acq_rel)) {
      KeWaitForSingleObject(&header->done, Executive, KernelMode, FALSE, nullptr);
    }
  }
  return FinishRequest(irp);
}

Result<Driver*> CreateBuiltInDriver(std::u16string_view object_name, std::u16string_view service_name) {
  RING3_TRY_ASSIGN(void* body, ob::CreateObject(g_driver_type, sizeof(Driver)));
  auto* driver = static_cast<Driver*>(body);
  driver->name = new std::u16string(object_name);
  driver->service_name = new std::u16string(service_name);
  driver->image_path = new std::u16string;
  DRIVER_OBJECT& object = driver->object;
  object.Type = IO_TYPE_DRIVER;
  object.Size = sizeof(DRIVER_OBJECT);
  object.Flags = DRVO_BUILTIN_DRIVER;
  object.DriverExtension = &driver->extension;
  object.DriverName = ob::ToUnicodeString(*driver->name);
  driver->extension.DriverObject = &object;
  driver->extension.ServiceKeyName = ob::ToUnicodeString(*driver->service_name);
  return driver;
}

}  // namespace ring3::io
