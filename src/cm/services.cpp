// SPDX-License-Identifier: MIT
#include "cm/services.h"

#include <ntstatus.h>

#include <iterator>

#include "cm/hive.h"
#include "cm/information.h"
#include "cm/key_object.h"

namespace ring3::cm {
namespace {

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

// STATUS_OBJECT_NAME_NOT_FOUND (the key above is not there), STATUS_ACCESS_DENIED, STATUS_CHILD_MUST_BE_VOLATILE,
// STATUS_INVALID_PARAMETER. PASSIVE_LEVEL. nf-wdm-zwcreatekey
NTSTATUS CreateKey(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes,
                   const UNICODE_STRING* key_class, ULONG options, PULONG disposition) {
  *handle = nullptr;
  if (options & ~ULONG{REG_LEGAL_OPTION}) return STATUS_INVALID_PARAMETER;
  if (options & REG_OPTION_CREATE_LINK) return STATUS_NOT_SUPPORTED;
  CreateContext context;
  context.lifetime = options & REG_OPTION_VOLATILE ? Lifetime::kVolatile : Lifetime::kStored;
  context.key_class = ViewOrEmpty(key_class);
  RING3_TRY_ASSIGN(*handle, ob::OpenObjectByName(*attributes, g_key_type, mode, access, &context));
  if (disposition != nullptr) *disposition = context.disposition;
  return STATUS_SUCCESS;
}

// nf-wdm-zwopenkey
NTSTATUS OpenKey(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes) {
  *handle = nullptr;
  RING3_TRY_ASSIGN(*handle, ob::OpenObjectByName(*attributes, g_key_type, mode, access));
  return STATUS_SUCCESS;
}

// STATUS_CANNOT_DELETE where there are subkeys. nf-wdm-zwdeletekey
NTSTATUS DeleteKey(KPROCESSOR_MODE mode, HANDLE handle) {
  RING3_TRY_ASSIGN(const auto key, Use(mode, handle, DELETE));
  SpinLockGuard guard(g_registry_lock);
  if (key->deleted()) return STATUS_KEY_DELETED;
  if (!key->keys().empty() || key == RegistryRoot()) return STATUS_CANNOT_DELETE;
  key->DeleteLocked();
  return STATUS_SUCCESS;
}

// nf-wdm-zwquerykey
NTSTATUS QueryKey(KPROCESSOR_MODE mode, HANDLE handle, KEY_INFORMATION_CLASS information_class, PVOID information,
                  ULONG length, PULONG result_length) {
  RING3_TRY_ASSIGN(const auto key, Use(mode, handle, information_class == KeyNameInformation ? 0 : KEY_QUERY_VALUE));
  SpinLockGuard guard(g_registry_lock);
  if (key->deleted()) return STATUS_KEY_DELETED;
  InformationWriter writer(information, length);
  return WriteKeyInformation(*key, information_class, writer, result_length);
}

// STATUS_NO_MORE_ENTRIES. nf-wdm-zwenumeratekey
NTSTATUS EnumerateKey(KPROCESSOR_MODE mode, HANDLE handle, ULONG index, KEY_INFORMATION_CLASS information_class,
                      PVOID information, ULONG length, PULONG result_length) {
  RING3_TRY_ASSIGN(const auto key, Use(mode, handle, KEY_ENUMERATE_SUB_KEYS));
  SpinLockGuard guard(g_registry_lock);
  if (key->deleted()) return STATUS_KEY_DELETED;
  const auto found = ElementAt(key->keys(), index);
  if (found == key->keys().end()) return STATUS_NO_MORE_ENTRIES;
  InformationWriter writer(information, length);
  return WriteKeyInformation(*found->second, information_class, writer, result_length);
}

// nf-wdm-zwsetvaluekey
NTSTATUS SetValueKey(KPROCESSOR_MODE mode, HANDLE handle, const UNICODE_STRING* name, ULONG type, const void* data,
                     ULONG data_size) {
  if (data == nullptr && data_size != 0) return STATUS_INVALID_PARAMETER;
  RING3_TRY_ASSIGN(const auto key, Use(mode, handle, KEY_SET_VALUE));
  const auto* const bytes = static_cast<const uint8_t*>(data);
  Value value{std::u16string(ViewOrEmpty(name)), type, std::vector<uint8_t>(bytes, bytes + data_size)};
  SpinLockGuard guard(g_registry_lock);
  if (key->deleted()) return STATUS_KEY_DELETED;
  key->SetValueLocked(std::move(value));
  return STATUS_SUCCESS;
}

// STATUS_OBJECT_NAME_NOT_FOUND. nf-wdm-zwqueryvaluekey
NTSTATUS QueryValueKey(KPROCESSOR_MODE mode, HANDLE handle, const UNICODE_STRING* name,
                       KEY_VALUE_INFORMATION_CLASS information_class, PVOID information, ULONG length,
                       PULONG result_length) {
  RING3_TRY_ASSIGN(const auto key, Use(mode, handle, KEY_QUERY_VALUE));
  SpinLockGuard guard(g_registry_lock);
  if (key->deleted()) return STATUS_KEY_DELETED;
  const Value* const value = key->FindValueLocked(ViewOrEmpty(name));
  if (value == nullptr) return STATUS_OBJECT_NAME_NOT_FOUND;
  InformationWriter writer(information, length);
  return WriteValueInformation(*value, information_class, writer, result_length);
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
  RING3_TRY_ASSIGN(const auto key, Use(mode, handle, KEY_SET_VALUE));
  SpinLockGuard guard(g_registry_lock);
  if (key->deleted()) return STATUS_KEY_DELETED;
  return key->DeleteValueLocked(ViewOrEmpty(name)) ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}

// Writes the whole store. STATUS_REGISTRY_IO_FAILED. nf-wdm-zwflushkey
NTSTATUS FlushKey(KPROCESSOR_MODE mode, HANDLE handle) {
  RING3_TRY_ASSIGN([[maybe_unused]] const auto key, Use(mode, handle, 0));
  return WriteBackStore();
}

}  // namespace ring3::cm
