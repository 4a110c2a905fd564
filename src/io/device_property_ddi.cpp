// SPDX-License-Identifier: MIT
// Properties of the unified device property model: what drivers have set, for as long as the device is there.
#include <ddi/io.h>
#include <ntstatus.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/spin_lock.h"
#include "io/device.h"

using namespace ring3;
using namespace ring3::io;

namespace {

struct Property {
  PDEVICE_OBJECT device;
  DEVPROPKEY key;
  LCID locale;
  DEVPROPTYPE type;
  std::vector<UCHAR> data;

  bool Is(PDEVICE_OBJECT other_device, const DEVPROPKEY& other_key, LCID other_locale) const {
    return device == other_device && key.pid == other_key.pid && key.fmtid == other_key.fmtid &&
           locale == other_locale;
  }
};

struct Properties {
  SpinLock lock{LockRank::kDriverDatabase};
  std::vector<Property> list RING3_GUARDED_BY(lock);
};
Properties g_properties;

bool IsPhysicalDevice(PDEVICE_OBJECT device) {
  return (device->Flags & DO_BUS_ENUMERATED_DEVICE) != 0;
}

}  // namespace

namespace ring3::io {

void ForgetProperties(PDEVICE_OBJECT device) {
  SpinLockGuard guard(g_properties.lock);
  std::erase_if(g_properties.list, [&](const Property& property) { return property.device == device; });
  if (g_properties.list.empty()) g_properties.list.shrink_to_fit();
}

}  // namespace ring3::io

extern "C" {

// STATUS_BUFFER_TOO_SMALL with the length in `*RequiredSize`; STATUS_OBJECT_NAME_NOT_FOUND where it was not
// set; STATUS_INVALID_DEVICE_REQUEST where `Pdo` is no physical device. IRQL <= APC_LEVEL.
// nf-wdm-iogetdevicepropertydata
NTSTATUS IoGetDevicePropertyData(PDEVICE_OBJECT Pdo, const DEVPROPKEY* PropertyKey, LCID Lcid, ULONG,
                                 ULONG Size, PVOID Data, PULONG RequiredSize, PDEVPROPTYPE Type) {
  *RequiredSize = 0;
  if (!IsPhysicalDevice(Pdo)) return STATUS_INVALID_DEVICE_REQUEST;
  SpinLockGuard guard(g_properties.lock);
  for (const Property& property : g_properties.list) {
    if (!property.Is(Pdo, *PropertyKey, Lcid)) continue;
    *RequiredSize = static_cast<ULONG>(property.data.size());
    *Type = property.type;
    if (Size < property.data.size()) return STATUS_BUFFER_TOO_SMALL;
    if (!property.data.empty()) std::memcpy(Data, property.data.data(), property.data.size());
    return STATUS_SUCCESS;
  }
  return STATUS_OBJECT_NAME_NOT_FOUND;
}

// `Data` null deletes. STATUS_OBJECT_NAME_NOT_FOUND where there is nothing to delete;
// STATUS_INVALID_DEVICE_REQUEST where `Pdo` is no physical device. IRQL <= APC_LEVEL.
// nf-wdm-iosetdevicepropertydata
NTSTATUS IoSetDevicePropertyData(PDEVICE_OBJECT Pdo, const DEVPROPKEY* PropertyKey, LCID Lcid, ULONG,
                                 DEVPROPTYPE Type, ULONG Size, PVOID Data) {
  if (!IsPhysicalDevice(Pdo)) return STATUS_INVALID_DEVICE_REQUEST;
  std::vector<UCHAR> data;
  if (Data != nullptr) data.assign(static_cast<const UCHAR*>(Data), static_cast<const UCHAR*>(Data) + Size);
  SpinLockGuard guard(g_properties.lock);
  const size_t erased = std::erase_if(
      g_properties.list, [&](const Property& property) { return property.Is(Pdo, *PropertyKey, Lcid); });
  if (Data == nullptr) return erased != 0 ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
  g_properties.list.push_back({Pdo, *PropertyKey, Lcid, Type, std::move(data)});
  return STATUS_SUCCESS;
}

}  // extern "C"
