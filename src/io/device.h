// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/io_ntifs.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/spin_lock.h"
#include "ob/object.h"

// Devices and drivers as objects. A device lives in the body of its object: DEVICE_OBJECT, the driver's
// extension, then our part. Its ReferenceCount counts open files; pointers are counted by the object.
namespace ring3::io {

extern ob::ObjectType* g_device_type;
extern ob::ObjectType* g_driver_type;
extern ob::ObjectType* g_file_type;

// Guards the device lists of drivers, attachment, and the counts and states below.
extern SpinLock g_device_lock;

struct Device {
  DEVOBJ_EXTENSION extension;
  bool delete_pending;
  bool shutdown_registered;
  bool unlinked;

  static Device* Of(const DEVICE_OBJECT* device) {
    return reinterpret_cast<Device*>(device->DeviceObjectExtension);
  }
};

struct DriverClientExtension {
  DriverClientExtension* next;
  void* id;
  alignas(16) UCHAR data[];
};

struct Driver {
  DRIVER_OBJECT object;  // first: a pointer to it is the object's
  DRIVER_EXTENSION extension;
  DriverClientExtension* client_extensions;
  std::u16string* service_name;
  std::u16string* name;  // \Driver\<service_name>
  std::u16string* image_path;
  void* module;  // of os::LoadModule; null: linked into the program
  PDRIVER_INITIALIZE entry;
  Driver* next;  // in the order of loading, newest first
  bool unload_pending;
  bool unloading;

  static Driver* Of(PDRIVER_OBJECT driver) { return reinterpret_cast<Driver*>(driver); }
};

// A driver object of the I/O manager's own: no module, no service key, every MajorFunction still null. One
// reference.
Result<Driver*> CreateBuiltInDriver(std::u16string_view object_name, std::u16string_view service_name);

// For IRP_MJ_xxx that the driver does not handle: completes with STATUS_INVALID_DEVICE_REQUEST.
NTSTATUS InvalidDeviceRequest(PDEVICE_OBJECT device, PIRP irp);

Status InitializeDeviceTypes();

// One open file more or fewer. The last one ends a device whose deletion waits, and a driver whose unloading
// does. Taking one fails with STATUS_NO_SUCH_DEVICE where the device is being initialised, deleted or
// unloaded, with STATUS_ACCESS_DENIED where it is exclusive and open.
Status ReferenceForOpen(PDEVICE_OBJECT device);
void DereferenceAfterClose(PDEVICE_OBJECT device);

// Unlinks a device without files from its driver and drops the reference of its creation.
void EndDevice(PDEVICE_OBJECT device);

// Goes on with an unload that waited for `driver`'s devices.
void ContinueUnload(PDRIVER_OBJECT driver);

// The driver's devices, oldest first.
std::vector<ob::Ref<DEVICE_OBJECT>> DevicesOf(PDRIVER_OBJECT driver);

// The topmost device of the stack, referenced.
PDEVICE_OBJECT TopOfStack(PDEVICE_OBJECT device);

// Sends IRP_MJ_SHUTDOWN to the registered devices; kLast: those of IoRegisterLastChanceShutdownNotification.
enum class ShutdownPhase { kFirst, kLast };
void NotifyShutdown(ShutdownPhase phase);
void ForgetShutdownNotification(PDEVICE_OBJECT device);

// Waits until no work item of a device or driver is queued or runs: their code may then go. PASSIVE_LEVEL.
void DrainWorkItems();

void EndTimer(PDEVICE_OBJECT device);

// What IoSetDevicePropertyData has set for the device goes with it.
void ForgetProperties(PDEVICE_OBJECT device);

// Sends `irp` (a kService packet, its next stack location filled) and waits for it: the final status. The
// packet is freed. `result` may be null.
NTSTATUS SendAndWait(PDEVICE_OBJECT device, PIRP irp, PIO_STATUS_BLOCK result);

}  // namespace ring3::io
