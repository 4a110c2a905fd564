// SPDX-License-Identifier: MIT
// Device stacks.
#include <bugcodes.h>
#include <ntstatus.h>

#include <algorithm>

#include "io/device.h"
#include "io/file.h"

using namespace ring3;
using namespace ring3::io;

namespace {

PDEVICE_OBJECT TopLocked(PDEVICE_OBJECT device) RING3_REQUIRES(g_device_lock) {
  while (device->AttachedDevice != nullptr) device = device->AttachedDevice;
  return device;
}

// Null where the target is going away or not ready, or the stack would be too deep.
PDEVICE_OBJECT Attach(PDEVICE_OBJECT source, PDEVICE_OBJECT target, PDEVICE_OBJECT* attached_to) {
  SpinLockGuard guard(g_device_lock);
  PDEVICE_OBJECT top = TopLocked(target);
  if ((top->Flags & DO_DEVICE_INITIALIZING) != 0 || Device::Of(top)->delete_pending ||
      Driver::Of(top->DriverObject)->unload_pending || top->StackSize == 127) {
    return nullptr;
  }
  top->AttachedDevice = source;
  ++top->ReferenceCount;
  source->StackSize = static_cast<CCHAR>(top->StackSize + 1);
  source->AlignmentRequirement = std::max(source->AlignmentRequirement, top->AlignmentRequirement);
  source->SectorSize = top->SectorSize;
  Device::Of(source)->extension.AttachedTo = top;
  if (attached_to != nullptr) *attached_to = top;
  return top;
}

}  // namespace

extern "C" {

// Puts `SourceDevice` on top of the stack of `TargetDevice`; the device now below it, or null.
// nf-wdm-ioattachdevicetodevicestack
PDEVICE_OBJECT IoAttachDeviceToDeviceStack(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice) {
  return Attach(SourceDevice, TargetDevice, nullptr);
}

// The same; `*AttachedToDeviceObject` is set before the device can receive anything. STATUS_NO_SUCH_DEVICE.
// nf-ntddk-ioattachdevicetodevicestacksafe
NTSTATUS IoAttachDeviceToDeviceStackSafe(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice,
                                         PDEVICE_OBJECT* AttachedToDeviceObject) {
  if (Attach(SourceDevice, TargetDevice, AttachedToDeviceObject) != nullptr) return STATUS_SUCCESS;
  *AttachedToDeviceObject = nullptr;
  return STATUS_NO_SUCH_DEVICE;
}

// Attaches to the device of that name. Statuses of opening it, STATUS_NO_SUCH_DEVICE. nf-wdm-ioattachdevice
NTSTATUS IoAttachDevice(PDEVICE_OBJECT SourceDevice, PUNICODE_STRING TargetDevice,
                        PDEVICE_OBJECT* AttachedDevice) {
  PFILE_OBJECT file = nullptr;
  PDEVICE_OBJECT target = nullptr;
  RING3_TRY(IoGetDeviceObjectPointer(TargetDevice, FILE_READ_ATTRIBUTES, &file, &target));
  NTSTATUS status = IoAttachDeviceToDeviceStackSafe(SourceDevice, target, AttachedDevice);
  ob::Dereference(file);
  return status;
}

// Takes the device above `TargetDevice` off. DRIVER_VERIFIER_IOMANAGER_VIOLATION 0x202: there is none.
// nf-wdm-iodetachdevice
VOID IoDetachDevice(PDEVICE_OBJECT TargetDevice) {
  {
    SpinLockGuard guard(g_device_lock);
    PDEVICE_OBJECT above = TargetDevice->AttachedDevice;
    if (above != nullptr) {
      Device::Of(above)->extension.AttachedTo = nullptr;
      TargetDevice->AttachedDevice = nullptr;
    } else {
      TargetDevice = nullptr;
    }
  }
  if (TargetDevice == nullptr) {
    KeBugCheckEx(DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x202,
                 reinterpret_cast<ULONG_PTR>(__builtin_return_address(0)), 0, 0);
  }
  DereferenceAfterClose(TargetDevice);
}

// nf-ntifs-iogetattacheddevice
PDEVICE_OBJECT IoGetAttachedDevice(PDEVICE_OBJECT DeviceObject) {
  SpinLockGuard guard(g_device_lock);
  return TopLocked(DeviceObject);
}

// The top of the stack, referenced: ObDereferenceObject it. nf-wdm-iogetattacheddevicereference
PDEVICE_OBJECT IoGetAttachedDeviceReference(PDEVICE_OBJECT DeviceObject) {
  return TopOfStack(DeviceObject);
}

// The device below, referenced; null where there is none. nf-ntifs-iogetlowerdeviceobject
PDEVICE_OBJECT IoGetLowerDeviceObject(PDEVICE_OBJECT DeviceObject) {
  SpinLockGuard guard(g_device_lock);
  PDEVICE_OBJECT below = Device::Of(DeviceObject)->extension.AttachedTo;
  if (below != nullptr) ob::Reference(below);
  return below;
}

// The bottom of the stack, referenced. nf-ntifs-iogetdeviceattachmentbaseref
PDEVICE_OBJECT IoGetDeviceAttachmentBaseRef(PDEVICE_OBJECT DeviceObject) {
  SpinLockGuard guard(g_device_lock);
  while (PDEVICE_OBJECT below = Device::Of(DeviceObject)->extension.AttachedTo) DeviceObject = below;
  ob::Reference(DeviceObject);
  return DeviceObject;
}

// The device that requests for the file go to: the top of the stack (or the device itself, where the file was
// opened so). nf-wdm-iogetrelateddeviceobject
PDEVICE_OBJECT IoGetRelatedDeviceObject(PFILE_OBJECT FileObject) {
  PDEVICE_OBJECT device = FileObject->DeviceObject;
  if (HasFlag(*FileObject, FO_DIRECT_DEVICE_OPEN)) return device;
  if (FileObject->Vpb != nullptr && FileObject->Vpb->DeviceObject != nullptr)
    device = FileObject->Vpb->DeviceObject;
  // Without the lock on the way of every request: a device that is attached stays while its file is open.
  while (PDEVICE_OBJECT above = __atomic_load_n(&device->AttachedDevice, __ATOMIC_ACQUIRE)) device = above;
  return device;
}

PDEVICE_OBJECT IoGetBaseFileSystemDeviceObject(PFILE_OBJECT FileObject) {
  return FileObject->DeviceObject;
}

}  // extern "C"
