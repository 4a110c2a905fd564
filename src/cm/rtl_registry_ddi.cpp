// SPDX-License-Identifier: MIT
// The registry's convenience routines. PASSIVE_LEVEL.
#include <ddi/cm_ntddk.h>
#include <ddi/rtl.h>
#include <ddi/zw.h>
#include <ntstatus.h>

#include <cstring>
#include <iterator>

#include "cm/key_object.h"
#include "cm/query_table.h"
#include "ke/service_scope.h"

using namespace ring3;

namespace {

constexpr const char16_t* kPrefixes[RTL_REGISTRY_MAXIMUM] = {
    u"",
    u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\",
    u"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\",
    u"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion\\",
    u"\\Registry\\Machine\\Hardware\\DeviceMap\\",
    u"\\Registry\\User\\.Default\\",
};

std::u16string_view Text(PCWSTR text) {
  if (text == nullptr) return {};
  const auto* const characters = reinterpret_cast<const char16_t*>(text);
  size_t length = 0;
  while (characters[length] != 0) ++length;
  return {characters, length};
}

enum class Missing { kFails, kIsCreated };

// A handle to the key that RelativeTo and Path mean; closed again unless it is the caller's own.
class RelativeKey {
 public:
  NTSTATUS Open(ULONG relative_to, PCWSTR path, ACCESS_MASK access, Missing missing) {
    if (relative_to & RTL_REGISTRY_HANDLE) {
      handle_ = const_cast<PWSTR>(path);
      return STATUS_SUCCESS;
    }
    const ULONG base = relative_to & ~ULONG{RTL_REGISTRY_OPTIONAL};
    if (base >= RTL_REGISTRY_MAXIMUM) return STATUS_INVALID_PARAMETER;
    std::u16string full = kPrefixes[base] + std::u16string(Text(path));
    while (!full.empty() && full.back() == u'\\') full.pop_back();
    UNICODE_STRING name = ob::ToUnicodeString(full);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr,
                               nullptr);
    const NTSTATUS status = missing == Missing::kIsCreated
                                ? ZwCreateKey(&handle_, access, &attributes, 0, nullptr, 0, nullptr)
                                : ZwOpenKey(&handle_, access, &attributes);
    owned_ = NT_SUCCESS(status);
    return status;
  }
  ~RelativeKey() {
    if (owned_) ZwClose(handle_);
  }
  HANDLE get() const { return handle_; }

 private:
  HANDLE handle_ = nullptr;
  bool owned_ = false;
};

NTSTATUS Query(ULONG relative_to, PCWSTR path, PRTL_QUERY_REGISTRY_TABLE table, PVOID context) {
  RelativeKey key;
  const NTSTATUS status = key.Open(relative_to, path, KEY_READ, Missing::kFails);
  if (!NT_SUCCESS(status)) {
    const bool optional = (relative_to & RTL_REGISTRY_OPTIONAL) != 0;
    return optional && status == STATUS_OBJECT_NAME_NOT_FOUND ? cm::QueryTable(nullptr, context).Run(table)
                                                              : status;
  }
  RING3_TRY_ASSIGN(auto object,
                   ob::ReferenceHandleAs<cm::KeyObject>(key.get(), KEY_READ, cm::g_key_type, KernelMode));
  return cm::QueryTable(object->key, context).Run(table);
}

}  // namespace

extern "C" {

// STATUS_INVALID_PARAMETER, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_BUFFER_TOO_SMALL,
// STATUS_OBJECT_TYPE_MISMATCH, and what a query routine returns. Environment variables are not expanded.
// nf-wdm-rtlqueryregistryvalues
NTSTATUS RtlQueryRegistryValues(ULONG RelativeTo, PCWSTR Path, PRTL_QUERY_REGISTRY_TABLE QueryTable,
                                PVOID Context, PVOID) {
  return Query(RelativeTo, Path, QueryTable, Context);
}

NTSTATUS RtlQueryRegistryValuesEx(ULONG RelativeTo, PCWSTR Path, PRTL_QUERY_REGISTRY_TABLE QueryTable,
                                  PVOID Context, PVOID) {
  return Query(RelativeTo, Path, QueryTable, Context);
}

// Makes the key where it is missing, but not those above it. nf-wdm-rtlwriteregistryvalue
NTSTATUS RtlWriteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName, ULONG ValueType,
                               PVOID ValueData, ULONG ValueLength) {
  RelativeKey key;
  RING3_TRY(key.Open(RelativeTo, Path, KEY_SET_VALUE, Missing::kIsCreated));
  UNICODE_STRING name = ob::ToUnicodeString(Text(ValueName));
  return ZwSetValueKey(key.get(), &name, 0, ValueType, ValueData, ValueLength);
}

// STATUS_SUCCESS where the key is there. nf-wdm-rtlcheckregistrykey
NTSTATUS RtlCheckRegistryKey(ULONG RelativeTo, PWSTR Path) {
  RelativeKey key;
  return key.Open(RelativeTo, Path, KEY_QUERY_VALUE, Missing::kFails);
}

// nf-wdm-rtlcreateregistrykey
NTSTATUS RtlCreateRegistryKey(ULONG RelativeTo, PWSTR Path) {
  RelativeKey key;
  return key.Open(RelativeTo, Path, KEY_QUERY_VALUE, Missing::kIsCreated);
}

// nf-wdm-rtldeleteregistryvalue
NTSTATUS RtlDeleteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName) {
  RelativeKey key;
  RING3_TRY(key.Open(RelativeTo, Path, KEY_SET_VALUE, Missing::kFails));
  UNICODE_STRING name = ob::ToUnicodeString(Text(ValueName));
  return ZwDeleteValueKey(key.get(), &name);
}

// The data of a value of the key `PrimaryHandle` or, where it is not there, of `FallbackHandle`; either may
// be null. `ValueLength` is taken as the size of `ValueData`: the page says that it is the size of the name,
// which the UNICODE_STRING has already. STATUS_BUFFER_OVERFLOW with the bytes needed in `*ResultLength`,
// STATUS_OBJECT_NAME_NOT_FOUND. nf-ntddk-rtlqueryregistryvaluewithfallback
NTSTATUS RtlQueryRegistryValueWithFallback(HANDLE PrimaryHandle, HANDLE FallbackHandle,
                                           PUNICODE_STRING ValueName, ULONG ValueLength, PULONG ValueType,
                                           PVOID ValueData, PULONG ResultLength) {
  const std::u16string_view name = ValueName->Length == 0 ? std::u16string_view() : ob::View(*ValueName);
  *ResultLength = 0;
  for (HANDLE handle : {PrimaryHandle, FallbackHandle}) {
    if (handle == nullptr) continue;
    RING3_TRY_ASSIGN(auto object, ob::ReferenceHandleAs<cm::KeyObject>(handle, KEY_QUERY_VALUE,
                                                                       cm::g_key_type, KernelMode));
    SpinLockGuard guard(cm::g_registry_lock);
    if (object->key->deleted()) return STATUS_KEY_DELETED;
    const cm::Value* value = object->key->FindValueLocked(name);
    if (value == nullptr) continue;
    *ResultLength = static_cast<ULONG>(value->data.size());
    if (ValueType != nullptr) *ValueType = value->type;
    if (value->data.size() > ValueLength) return STATUS_BUFFER_OVERFLOW;
    std::memcpy(ValueData, value->data.data(), value->data.size());
    return STATUS_SUCCESS;
  }
  return STATUS_OBJECT_NAME_NOT_FOUND;
}

}  // extern "C"
