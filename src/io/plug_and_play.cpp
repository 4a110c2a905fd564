// SPDX-License-Identifier: MIT
// Device interfaces (links \??\<interface> to the device), device properties, notifications.
#include "io/plug_and_play.h"

#include <ddi/cm.h>
#include <ddi/ex.h>
#include <ddi/io_ntddk.h>
#include <ddi/zw.h>
#include <ntstatus.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/spin_lock.h"
#include "io/device.h"
#include "ke/driver_gate.h"

using namespace ring3;
using namespace ring3::io;

namespace {

// Events of DEVICE_INTERFACE_CHANGE_NOTIFICATION: GUID_DEVICE_INTERFACE_ARRIVAL and
// GUID_DEVICE_INTERFACE_REMOVAL.
constexpr GUID kArrival = {0xcb3a4004, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};
constexpr GUID kRemoval = {0xcb3a4005, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};

struct Interface {
  std::u16string link;
  GUID class_guid;
  PDEVICE_OBJECT device;
  bool enabled = false;
};

struct Notification {
  IO_NOTIFICATION_EVENT_CATEGORY category;
  GUID class_guid;
  PDRIVER_OBJECT driver;
  PDRIVER_NOTIFICATION_CALLBACK_ROUTINE routine;
  void* context;
};

struct PlugAndPlay {
  SpinLock lock{LockRank::kDriverDatabase};
  std::vector<Interface> interfaces RING3_GUARDED_BY(lock);
  std::vector<std::unique_ptr<Notification>> notifications RING3_GUARDED_BY(lock);
};
PlugAndPlay g_pnp;

void AppendHex(std::u16string& text, uint64_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
    text += u"0123456789abcdef"[(value >> shift) & 15];
}

std::u16string TextOf(const GUID& guid) {
  std::u16string text = u"{";
  AppendHex(text, guid.Data1, 8);
  text += u'-';
  AppendHex(text, guid.Data2, 4);
  text += u'-';
  AppendHex(text, guid.Data3, 4);
  text += u'-';
  for (int i = 0; i < 8; ++i) {
    if (i == 2) text += u'-';
    AppendHex(text, guid.Data4[i], 2);
  }
  return text + u"}";
}

// \??\ROOT#<device's name>#{class}[\reference]
std::u16string LinkOf(PDEVICE_OBJECT device, const GUID& class_guid, PUNICODE_STRING reference) {
  std::u16string instance = ob::NameOf(device);
  std::replace(instance.begin(), instance.end(), u'\\', u'_');
  std::u16string link = u"\\??\\ROOT#RING3#" + instance + u"#" + TextOf(class_guid);
  if (reference != nullptr && reference->Length != 0) {
    link += u'\\';
    link += ob::View(*reference);
  }
  return link;
}

// The symbolic link itself ends before a reference string: that is the name below the device.
std::u16string LinkObjectOf(const std::u16string& link) {
  size_t end = link.find(u'\\', 4);
  return end == std::u16string::npos ? link : link.substr(0, end);
}

// What follows the link's last part, with its backslash; empty: no reference string.
std::u16string_view ReferenceOf(std::u16string_view link) {
  const size_t begin = link.find(u'\\', 4);
  return begin == std::u16string_view::npos ? std::u16string_view() : link.substr(begin);
}

const Interface* FindLocked(std::u16string_view link) RING3_REQUIRES(g_pnp.lock) {
  for (const Interface& interface : g_pnp.interfaces) {
    if (interface.link == link) return &interface;
  }
  return nullptr;
}

// Below `path`, which exists, all that is missing of `parts` is made.
NTSTATUS OpenOrCreateKey(std::u16string path, std::initializer_list<std::u16string_view> parts,
                         ACCESS_MASK access, PHANDLE key) {
  size_t left = parts.size();
  for (std::u16string_view part : parts) {
    path += part;
    UNICODE_STRING name = ob::ToUnicodeString(path);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr,
                               nullptr);
    HANDLE made = nullptr;
    RING3_TRY(ZwCreateKey(&made, --left == 0 ? access : KEY_ALL_ACCESS, &attributes, 0, nullptr,
                          REG_OPTION_NON_VOLATILE, nullptr));
    if (left == 0) {
      *key = made;
    } else {
      ZwClose(made);
    }
    path += u'\\';
  }
  return STATUS_SUCCESS;
}

Status CopyToPool(std::u16string_view text, PUNICODE_STRING result) {
  size_t byte_count = text.size() * sizeof(WCHAR);
  auto* buffer = static_cast<PWCH>(ExAllocatePoolWithTag(PagedPool, byte_count + sizeof(WCHAR), 'SpnP'));
  if (buffer == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  std::memcpy(buffer, text.data(), byte_count);
  buffer[text.size()] = 0;
  result->Buffer = buffer;
  result->Length = static_cast<USHORT>(byte_count);
  result->MaximumLength = static_cast<USHORT>(byte_count + sizeof(WCHAR));
  return STATUS_SUCCESS;
}

void Notify(const GUID& event, const GUID& class_guid, const std::u16string& link) {
  std::vector<Notification> listeners;
  {
    SpinLockGuard guard(g_pnp.lock);
    for (const auto& n : g_pnp.notifications) {
      if (n->category == EventCategoryDeviceInterfaceChange && n->class_guid == class_guid)
        listeners.push_back(*n);
    }
  }
  UNICODE_STRING name = ob::ToUnicodeString(link);
  for (const Notification& listener : listeners) {
    DEVICE_INTERFACE_CHANGE_NOTIFICATION notification = {1, sizeof(notification), event, class_guid, &name};
    ke::CallDriver(listener.driver, ke::Callback::kNotify, listener.routine,
                   static_cast<PVOID>(&notification), listener.context);
  }
}

}  // namespace

namespace ring3::io {

void ReleasePlugAndPlay(LeakReport& report) {
  SpinLockGuard guard(g_pnp.lock);
  for (const Interface& interface : g_pnp.interfaces) {
    if (interface.enabled) report.Add("device interface still enabled: " + ob::Narrow(interface.link));
  }
  if (!g_pnp.notifications.empty()) {
    report.Add(std::to_string(g_pnp.notifications.size()) + " Plug and Play notifications still registered");
  }
  g_pnp.interfaces.clear();
  g_pnp.notifications.clear();
}

}  // namespace ring3::io

extern "C" {

// The caller frees SymbolicLinkName with RtlFreeUnicodeString. STATUS_INVALID_DEVICE_REQUEST where the device
// has no name. PASSIVE_LEVEL. nf-wdm-ioregisterdeviceinterface
NTSTATUS IoRegisterDeviceInterface(PDEVICE_OBJECT PhysicalDeviceObject, const GUID* InterfaceClassGuid,
                                   PUNICODE_STRING ReferenceString, PUNICODE_STRING SymbolicLinkName) {
  if ((PhysicalDeviceObject->Flags & DO_DEVICE_HAS_NAME) == 0) return STATUS_INVALID_DEVICE_REQUEST;
  std::u16string link = LinkOf(PhysicalDeviceObject, *InterfaceClassGuid, ReferenceString);
  RING3_TRY(CopyToPool(link, SymbolicLinkName));
  SpinLockGuard guard(g_pnp.lock);
  for (const Interface& interface : g_pnp.interfaces) {
    if (interface.link == link) return STATUS_SUCCESS;
  }
  g_pnp.interfaces.push_back({link, *InterfaceClassGuid, PhysicalDeviceObject});
  return STATUS_SUCCESS;
}

// STATUS_OBJECT_NAME_EXISTS where it is enabled already, STATUS_OBJECT_NAME_NOT_FOUND where it is not
// registered or not enabled. PASSIVE_LEVEL. nf-wdm-iosetdeviceinterfacestate
NTSTATUS IoSetDeviceInterfaceState(PUNICODE_STRING SymbolicLinkName, BOOLEAN Enable) {
  std::u16string link(ob::View(*SymbolicLinkName));
  PDEVICE_OBJECT device = nullptr;
  GUID class_guid = {};
  {
    SpinLockGuard guard(g_pnp.lock);
    for (Interface& interface : g_pnp.interfaces) {
      if (interface.link != link) continue;
      if (Enable && interface.enabled) return STATUS_OBJECT_NAME_EXISTS;
      if (!Enable && !interface.enabled) return STATUS_OBJECT_NAME_NOT_FOUND;
      interface.enabled = Enable != FALSE;
      device = interface.device;
      class_guid = interface.class_guid;
    }
  }
  if (device == nullptr) return STATUS_OBJECT_NAME_NOT_FOUND;
  std::u16string object = LinkObjectOf(link);
  UNICODE_STRING name = ob::ToUnicodeString(object);
  NTSTATUS status = STATUS_SUCCESS;
  if (Enable) {
    std::u16string target = ob::NameOf(device);
    UNICODE_STRING target_name = ob::ToUnicodeString(target);
    status = IoCreateSymbolicLink(&name, &target_name);
  } else {
    status = IoDeleteSymbolicLink(&name);
  }
  if (NT_SUCCESS(status)) Notify(Enable ? kArrival : kRemoval, class_guid, link);
  return status;
}

// A list of zero-terminated names, ended by an empty one; the caller frees it with ExFreePool. Inactive
// interfaces only with DEVICE_INTERFACE_INCLUDE_NONACTIVE. nf-wdm-iogetdeviceinterfaces
NTSTATUS IoGetDeviceInterfaces(const GUID* InterfaceClassGuid, PDEVICE_OBJECT PhysicalDeviceObject,
                               ULONG Flags, PZZWSTR* SymbolicLinkList) {
  std::u16string list;
  {
    SpinLockGuard guard(g_pnp.lock);
    for (const Interface& interface : g_pnp.interfaces) {
      if (!(interface.class_guid == *InterfaceClassGuid)) continue;
      if (PhysicalDeviceObject != nullptr && interface.device != PhysicalDeviceObject) continue;
      if (!interface.enabled && (Flags & DEVICE_INTERFACE_INCLUDE_NONACTIVE) == 0) continue;
      list += interface.link;
      list += u'\0';
    }
  }
  UNICODE_STRING result = {};
  RING3_TRY(CopyToPool(list, &result));
  *SymbolicLinkList = result.Buffer;
  return STATUS_SUCCESS;
}

// STATUS_BUFFER_TOO_SMALL with the length in `ResultLength`, STATUS_OBJECT_NAME_NOT_FOUND for properties that
// a root device does not have, STATUS_INVALID_DEVICE_REQUEST where it is no physical device.
// nf-wdm-iogetdeviceproperty
NTSTATUS IoGetDeviceProperty(PDEVICE_OBJECT DeviceObject, DEVICE_REGISTRY_PROPERTY DeviceProperty,
                             ULONG BufferLength, PVOID PropertyBuffer, PULONG ResultLength) {
  *ResultLength = 0;
  if ((DeviceObject->Flags & DO_BUS_ENUMERATED_DEVICE) == 0) return STATUS_INVALID_DEVICE_REQUEST;
  std::u16string text;
  ULONG number = 0;
  bool is_number = false;
  switch (DeviceProperty) {
    case DevicePropertyPhysicalDeviceObjectName:
      text = ob::NameOf(DeviceObject) + std::u16string(1, u'\0');
      break;
    case DevicePropertyHardwareID:
      text = std::u16string(u"ROOT\\RING3\0\0", 12);
      break;
    case DevicePropertyEnumeratorName:
      text = std::u16string(u"ROOT\0", 5);
      break;
    case DevicePropertyDeviceDescription:
    case DevicePropertyFriendlyName:
      text = std::u16string(u"Ring3 device\0", 13);
      break;
    case DevicePropertyLegacyBusType:
      number = static_cast<ULONG>(PNPBus);
      is_number = true;
      break;
    case DevicePropertyInstallState:
      number = InstallStateInstalled;
      is_number = true;
      break;
    case DevicePropertyRemovalPolicy:
      number = RemovalPolicyExpectNoRemoval;
      is_number = true;
      break;
    default:
      return STATUS_OBJECT_NAME_NOT_FOUND;
  }
  const void* data = is_number ? static_cast<const void*>(&number) : text.data();
  size_t byte_count = is_number ? sizeof(number) : text.size() * sizeof(WCHAR);
  *ResultLength = static_cast<ULONG>(byte_count);
  if (BufferLength < byte_count) return STATUS_BUFFER_TOO_SMALL;
  std::memcpy(PropertyBuffer, data, byte_count);
  return STATUS_SUCCESS;
}

// The driver's service key, below which "Parameters" and the like are. PLUGPLAY_REGKEY_DEVICE and _DRIVER are
// one. STATUS_INVALID_PARAMETER. nf-wdm-ioopendeviceregistrykey
NTSTATUS IoOpenDeviceRegistryKey(PDEVICE_OBJECT DeviceObject, ULONG DevInstKeyType, ACCESS_MASK DesiredAccess,
                                 PHANDLE DeviceRegKey) {
  constexpr ULONG kTypes = PLUGPLAY_REGKEY_DEVICE | PLUGPLAY_REGKEY_DRIVER;
  if ((DevInstKeyType & kTypes) == 0 || (DevInstKeyType & kTypes) == kTypes) return STATUS_INVALID_PARAMETER;
  PDEVICE_OBJECT top = TopOfStack(DeviceObject);
  std::u16string path = u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\" +
                        *Driver::Of(top->DriverObject)->service_name + u"\\Device Parameters";
  ob::Dereference(top);
  UNICODE_STRING name = ob::ToUnicodeString(path);
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
  return ZwCreateKey(DeviceRegKey, DesiredAccess, &attributes, 0, nullptr, REG_OPTION_NON_VOLATILE, nullptr);
}

// Root devices are neither removable nor have they anything to be ejected from. nf-wdm-iorequestdeviceeject
VOID IoRequestDeviceEject(PDEVICE_OBJECT) {}

// Another interface of the same device with the same reference string. The caller frees the name with
// RtlFreeUnicodeString. STATUS_OBJECT_NAME_NOT_FOUND: there is none of that class; STATUS_INVALID_HANDLE:
// `SymbolicLinkName` is no interface. nf-wdm-iogetdeviceinterfacealias
NTSTATUS IoGetDeviceInterfaceAlias(PUNICODE_STRING SymbolicLinkName, const GUID* AliasInterfaceClassGuid,
                                   PUNICODE_STRING AliasSymbolicLinkName) {
  std::u16string alias;
  {
    SpinLockGuard guard(g_pnp.lock);
    const Interface* known = FindLocked(ob::View(*SymbolicLinkName));
    if (known == nullptr) return STATUS_INVALID_HANDLE;
    for (const Interface& interface : g_pnp.interfaces) {
      if (interface.device == known->device && interface.class_guid == *AliasInterfaceClassGuid &&
          ReferenceOf(interface.link) == ReferenceOf(known->link)) {
        alias = interface.link;
      }
    }
  }
  return alias.empty() ? STATUS_OBJECT_NAME_NOT_FOUND : CopyToPool(alias, AliasSymbolicLinkName).status();
}

// A key for the interface alone, kept over restarts. STATUS_INVALID_PARAMETER: no such interface.
// PASSIVE_LEVEL. nf-wdm-ioopendeviceinterfaceregistrykey
NTSTATUS IoOpenDeviceInterfaceRegistryKey(PUNICODE_STRING SymbolicLinkName, ACCESS_MASK DesiredAccess,
                                          PHANDLE DeviceInterfaceRegKey) {
  std::u16string instance;
  std::u16string class_text;
  {
    SpinLockGuard guard(g_pnp.lock);
    const Interface* known = FindLocked(ob::View(*SymbolicLinkName));
    if (known == nullptr) return STATUS_INVALID_PARAMETER;
    instance = known->link;
    class_text = TextOf(known->class_guid);
  }
  std::replace(instance.begin(), instance.end(), u'\\', u'#');
  return OpenOrCreateKey(u"\\Registry\\Machine\\System\\CurrentControlSet\\",
                         {u"Control", u"DeviceClasses", class_text, instance, u"Device Parameters"},
                         DesiredAccess, DeviceInterfaceRegKey);
}

// The driver's own key, and for its state another one; below its service key. PASSIVE_LEVEL.
// STATUS_INVALID_PARAMETER for an unknown type or flags. nf-wdm-ioopendriverregistrykey
NTSTATUS IoOpenDriverRegistryKey(PDRIVER_OBJECT DriverObject, DRIVER_REGKEY_TYPE RegKeyType,
                                 ACCESS_MASK DesiredAccess, ULONG Flags, PHANDLE DriverRegKey) {
  const bool is_parameters = RegKeyType == DriverRegKeyParameters;
  const bool is_state =
      RegKeyType == DriverRegKeyPersistentState || RegKeyType == DriverRegKeySharedPersistentState;
  if (Flags != 0 || (!is_parameters && !is_state)) return STATUS_INVALID_PARAMETER;
  return OpenOrCreateKey(u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\",
                         {*Driver::Of(DriverObject)->service_name, is_parameters ? u"Parameters" : u"State"},
                         DesiredAccess, DriverRegKey);
}

// Root devices have no children and no state that changes. nf-wdm-ioinvalidatedevicerelations
VOID IoInvalidateDeviceRelations(PDEVICE_OBJECT, DEVICE_RELATION_TYPE) {}
// nf-wdm-ioinvalidatedevicestate
VOID IoInvalidateDeviceState(PDEVICE_OBJECT) {}

// Device interface changes are told; the other categories never occur. With
// PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_- INTERFACES the ones that are there are told at once.
// PASSIVE_LEVEL. nf-wdm-ioregisterplugplaynotification
NTSTATUS IoRegisterPlugPlayNotification(IO_NOTIFICATION_EVENT_CATEGORY EventCategory,
                                        ULONG EventCategoryFlags, PVOID EventCategoryData,
                                        PDRIVER_OBJECT DriverObject,
                                        PDRIVER_NOTIFICATION_CALLBACK_ROUTINE CallbackRoutine, PVOID Context,
                                        PVOID* NotificationEntry) {
  auto entry = std::make_unique<Notification>();
  *entry = {EventCategory, {}, DriverObject, CallbackRoutine, Context};
  if (EventCategory == EventCategoryDeviceInterfaceChange) {
    entry->class_guid = *static_cast<const GUID*>(EventCategoryData);
  } else if (EventCategory != EventCategoryHardwareProfileChange &&
             EventCategory != EventCategoryTargetDeviceChange) {
    return STATUS_INVALID_PARAMETER;
  }
  *NotificationEntry = entry.get();
  Notification registered = *entry;
  std::vector<std::u16string> existing;
  {
    SpinLockGuard guard(g_pnp.lock);
    g_pnp.notifications.push_back(std::move(entry));
    for (const Interface& interface : g_pnp.interfaces) {
      if (interface.enabled && interface.class_guid == registered.class_guid)
        existing.push_back(interface.link);
    }
  }
  if ((EventCategoryFlags & PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES) == 0)
    return STATUS_SUCCESS;
  for (const std::u16string& link : existing) {
    UNICODE_STRING name = ob::ToUnicodeString(link);
    DEVICE_INTERFACE_CHANGE_NOTIFICATION notification = {1, sizeof(notification), kArrival,
                                                         registered.class_guid, &name};
    ke::CallDriver(registered.driver, ke::Callback::kNotify, registered.routine,
                   static_cast<PVOID>(&notification), registered.context);
  }
  return STATUS_SUCCESS;
}

// nf-wdm-iounregisterplugplaynotification
NTSTATUS IoUnregisterPlugPlayNotification(PVOID NotificationEntry) {
  SpinLockGuard guard(g_pnp.lock);
  std::erase_if(g_pnp.notifications, [&](const auto& n) { return n.get() == NotificationEntry; });
  return STATUS_SUCCESS;
}

// nf-wdm-iounregisterplugplaynotificationex
NTSTATUS IoUnregisterPlugPlayNotificationEx(PVOID NotificationEntry) {
  return IoUnregisterPlugPlayNotification(NotificationEntry);
}

}  // extern "C"
