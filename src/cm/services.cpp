// SPDX-License-Identifier: MIT
#include "cm/services.h"

#include <ntstatus.h>

#include <iterator>

#include "cm/callback.h"
#include "cm/hive.h"
#include "cm/information.h"
#include "cm/key_object.h"

namespace ring3::cm {
namespace {

Result<ob::Ref<KeyObject>> UseObject(KPROCESSOR_MODE mode, HANDLE handle, ACCESS_MASK access) {
  return ob::ReferenceHandleAs<KeyObject>(handle, access, g_key_type, mode);
}

REG_CREATE_KEY_INFORMATION OpenInformation(const OBJECT_ATTRIBUTES* attributes, ULONG options,
                                           ACCESS_MASK access) {
  REG_CREATE_KEY_INFORMATION information = {};
  information.CompleteName = attributes->ObjectName;
  information.ObjectType = g_key_type;
  information.CreateOptions = options;
  information.DesiredAccess = access;
  return information;
}

// A live key by handle. STATUS_KEY_DELETED is found out by the caller, under the lock.
Result<std::shared_ptr<Key>> Use(KPROCESSOR_MODE mode, HANDLE handle, ACCESS_MASK access) {
  RING3_TRY_ASSIGN(auto object, ob::ReferenceHandleAs<KeyObject>(handle, access, g_key_type, mode));
  return object->key;
}

template <typename Map>
auto ElementAt(const Map& map, ULONG index) {
  return index < map.size() ? std::next(map.begin(), index) : map.end();
}

std::u16string_view ViewOrEmpty(const UNICODE_STRING* text) {
  return text == nullptr || text->Length == 0 ? std::u16string_view() : ob::View(*text);
}

}  // namespace

// STATUS_OBJECT_NAME_NOT_FOUND (the key above is not there), STATUS_ACCESS_DENIED,
// STATUS_CHILD_MUST_BE_VOLATILE, STATUS_INVALID_PARAMETER. PASSIVE_LEVEL. nf-wdm-zwcreatekey
NTSTATUS CreateKey(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                   const OBJECT_ATTRIBUTES* attributes, const UNICODE_STRING* key_class, ULONG options,
                   PULONG disposition) {
  *handle = nullptr;
  if (options & ~ULONG{REG_LEGAL_OPTION}) return STATUS_INVALID_PARAMETER;
  if (options & REG_OPTION_CREATE_LINK) return STATUS_NOT_SUPPORTED;
  CreateContext context;
  context.lifetime = options & REG_OPTION_VOLATILE ? Lifetime::kVolatile : Lifetime::kStored;
  context.key_class = ViewOrEmpty(key_class);
  REG_CREATE_KEY_INFORMATION information = OpenInformation(attributes, options, access);
  information.Disposition = &context.disposition;
  const NTSTATUS status =
      Notified(RegNtPreCreateKeyEx, RegNtPostCreateKeyEx, nullptr, information, [&]() -> NTSTATUS {
        RING3_TRY_ASSIGN(*handle, ob::OpenObjectByName(*attributes, g_key_type, mode, access, &context));
        return STATUS_SUCCESS;
      });
  if (NT_SUCCESS(status) && disposition != nullptr) *disposition = context.disposition;
  return status;
}

// nf-wdm-zwopenkey
NTSTATUS OpenKey(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                 const OBJECT_ATTRIBUTES* attributes) {
  *handle = nullptr;
  REG_OPEN_KEY_INFORMATION information = OpenInformation(attributes, 0, access);
  return Notified(RegNtPreOpenKeyEx, RegNtPostOpenKeyEx, nullptr, information, [&]() -> NTSTATUS {
    RING3_TRY_ASSIGN(*handle, ob::OpenObjectByName(*attributes, g_key_type, mode, access));
    return STATUS_SUCCESS;
  });
}

// STATUS_CANNOT_DELETE where there are subkeys. nf-wdm-zwdeletekey
NTSTATUS DeleteKey(KPROCESSOR_MODE mode, HANDLE handle) {
  RING3_TRY_ASSIGN(const auto object, UseObject(mode, handle, DELETE));
  REG_DELETE_KEY_INFORMATION information = {object.get(), nullptr, nullptr, nullptr};
  return Notified(RegNtPreDeleteKey, RegNtPostDeleteKey, object.get(), information, [&]() -> NTSTATUS {
    const std::shared_ptr<Key> key = object->key;
    SpinLockGuard guard(g_registry_lock);
    if (key->deleted()) return STATUS_KEY_DELETED;
    if (!key->keys().empty() || key == RegistryRoot()) return STATUS_CANNOT_DELETE;
    key->DeleteLocked();
    return STATUS_SUCCESS;
  });
}

// nf-wdm-zwquerykey
NTSTATUS QueryKey(KPROCESSOR_MODE mode, HANDLE handle, KEY_INFORMATION_CLASS information_class,
                  PVOID information, ULONG length, PULONG result_length) {
  RING3_TRY_ASSIGN(const auto key,
                   Use(mode, handle, information_class == KeyNameInformation ? 0 : KEY_QUERY_VALUE));
  SpinLockGuard guard(g_registry_lock);
  if (key->deleted()) return STATUS_KEY_DELETED;
  InformationWriter writer(information, length);
  return WriteKeyInformation(*key, information_class, writer, result_length);
}

// STATUS_NO_MORE_ENTRIES. nf-wdm-zwenumeratekey
NTSTATUS EnumerateKey(KPROCESSOR_MODE mode, HANDLE handle, ULONG index,
                      KEY_INFORMATION_CLASS information_class, PVOID information, ULONG length,
                      PULONG result_length) {
  RING3_TRY_ASSIGN(const auto key, Use(mode, handle, KEY_ENUMERATE_SUB_KEYS));
  SpinLockGuard guard(g_registry_lock);
  if (key->deleted()) return STATUS_KEY_DELETED;
  const auto found = ElementAt(key->keys(), index);
  if (found == key->keys().end()) return STATUS_NO_MORE_ENTRIES;
  InformationWriter writer(information, length);
  return WriteKeyInformation(*found->second, information_class, writer, result_length);
}

// nf-wdm-zwsetvaluekey
NTSTATUS SetValueKey(KPROCESSOR_MODE mode, HANDLE handle, const UNICODE_STRING* name, ULONG type,
                     const void* data, ULONG data_size) {
  if (data == nullptr && data_size != 0) return STATUS_INVALID_PARAMETER;
  RING3_TRY_ASSIGN(const auto object, UseObject(mode, handle, KEY_SET_VALUE));
  REG_SET_VALUE_KEY_INFORMATION information = {};
  information.Object = object.get();
  information.ValueName = const_cast<UNICODE_STRING*>(name);
  information.Type = type;
  information.Data = const_cast<void*>(data);
  information.DataSize = data_size;
  return Notified(RegNtPreSetValueKey, RegNtPostSetValueKey, object.get(), information, [&]() -> NTSTATUS {
    const auto* const bytes = static_cast<const uint8_t*>(data);
    Value value{std::u16string(ViewOrEmpty(name)), type, std::vector<uint8_t>(bytes, bytes + data_size)};
    SpinLockGuard guard(g_registry_lock);
    if (object->key->deleted()) return STATUS_KEY_DELETED;
    object->key->SetValueLocked(std::move(value));
    return STATUS_SUCCESS;
  });
}

// STATUS_OBJECT_NAME_NOT_FOUND. nf-wdm-zwqueryvaluekey
NTSTATUS QueryValueKey(KPROCESSOR_MODE mode, HANDLE handle, const UNICODE_STRING* name,
                       KEY_VALUE_INFORMATION_CLASS information_class, PVOID information, ULONG length,
                       PULONG result_length) {
  RING3_TRY_ASSIGN(const auto object, UseObject(mode, handle, KEY_QUERY_VALUE));
  REG_QUERY_VALUE_KEY_INFORMATION query = {};
  query.Object = object.get();
  query.ValueName = const_cast<UNICODE_STRING*>(name);
  query.KeyValueInformationClass = information_class;
  query.KeyValueInformation = information;
  query.Length = length;
  query.ResultLength = result_length;
  return Notified(RegNtPreQueryValueKey, RegNtPostQueryValueKey, object.get(), query, [&]() -> NTSTATUS {
    SpinLockGuard guard(g_registry_lock);
    if (object->key->deleted()) return STATUS_KEY_DELETED;
    const Value* const value = object->key->FindValueLocked(ViewOrEmpty(name));
    if (value == nullptr) return STATUS_OBJECT_NAME_NOT_FOUND;
    InformationWriter writer(information, length);
    return WriteValueInformation(*value, information_class, writer, result_length);
  });
}

// STATUS_NO_MORE_ENTRIES. nf-wdm-zwenumeratevaluekey
NTSTATUS EnumerateValueKey(KPROCESSOR_MODE mode, HANDLE handle, ULONG index,
                           KEY_VALUE_INFORMATION_CLASS information_class, PVOID information, ULONG length,
                           PULONG result_length) {
  RING3_TRY_ASSIGN(const auto key, Use(mode, handle, KEY_QUERY_VALUE));
  SpinLockGuard guard(g_registry_lock);
  if (key->deleted()) return STATUS_KEY_DELETED;
  const auto found = ElementAt(key->values(), index);
  if (found == key->values().end()) return STATUS_NO_MORE_ENTRIES;
  InformationWriter writer(information, length);
  return WriteValueInformation(found->second, information_class, writer, result_length);
}

// STATUS_OBJECT_NAME_NOT_FOUND. nf-wdm-zwdeletevaluekey
NTSTATUS DeleteValueKey(KPROCESSOR_MODE mode, HANDLE handle, const UNICODE_STRING* name) {
  RING3_TRY_ASSIGN(const auto object, UseObject(mode, handle, KEY_SET_VALUE));
  REG_DELETE_VALUE_KEY_INFORMATION information = {};
  information.Object = object.get();
  information.ValueName = const_cast<UNICODE_STRING*>(name);
  return Notified(RegNtPreDeleteValueKey, RegNtPostDeleteValueKey, object.get(), information,
                  [&]() -> NTSTATUS {
                    SpinLockGuard guard(g_registry_lock);
                    if (object->key->deleted()) return STATUS_KEY_DELETED;
                    return object->key->DeleteValueLocked(ViewOrEmpty(name)) ? STATUS_SUCCESS
                                                                             : STATUS_OBJECT_NAME_NOT_FOUND;
                  });
}

// Only the time of the last write can be set: STATUS_INVALID_INFO_CLASS, STATUS_INFO_LENGTH_MISMATCH.
// ne-wdm-_key_set_information_class
NTSTATUS SetInformationKey(KPROCESSOR_MODE mode, HANDLE handle, KEY_SET_INFORMATION_CLASS information_class,
                           const void* information, ULONG length) {
  if (information_class != KeyWriteTimeInformation) return STATUS_INVALID_INFO_CLASS;
  if (length != sizeof(KEY_WRITE_TIME_INFORMATION)) return STATUS_INFO_LENGTH_MISMATCH;
  RING3_TRY_ASSIGN(const auto object, UseObject(mode, handle, KEY_SET_VALUE));
  REG_SET_INFORMATION_KEY_INFORMATION set = {};
  set.Object = object.get();
  set.KeySetInformationClass = information_class;
  set.KeySetInformation = const_cast<void*>(information);
  set.KeySetInformationLength = length;
  return Notified(RegNtPreSetInformationKey, RegNtPostSetInformationKey, object.get(), set,
                  [&]() -> NTSTATUS {
                    SpinLockGuard guard(g_registry_lock);
                    if (object->key->deleted()) return STATUS_KEY_DELETED;
                    object->key->SetLastWriteTimeLocked(
                        static_cast<const KEY_WRITE_TIME_INFORMATION*>(information)->LastWriteTime.QuadPart);
                    return STATUS_SUCCESS;
                  });
}

// Writes the whole store. STATUS_REGISTRY_IO_FAILED. nf-wdm-zwflushkey
NTSTATUS FlushKey(KPROCESSOR_MODE mode, HANDLE handle) {
  RING3_TRY_ASSIGN([[maybe_unused]] const auto key, Use(mode, handle, 0));
  return WriteBackStore();
}

}  // namespace ring3::cm
