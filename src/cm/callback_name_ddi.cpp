// SPDX-License-Identifier: MIT
// What a registry callback asks about the key object it was shown.
#include <ddi/cm.h>
#include <ddi/ob_ntddk.h>
#include <ddi/ex_pool.h>
#include <ntstatus.h>

#include <cstring>

#include "cm/callback.h"
#include "cm/key_object.h"

using namespace ring3;

namespace {

constexpr ULONG kNameTag = 'nmCR';

// The key's path in one block of paged pool, header first.
Result<UNICODE_STRING*> NameOf(const cm::KeyObject& object) {
  std::u16string path;
  {
    SpinLockGuard guard(cm::g_registry_lock);
    path = object.key->PathLocked();
  }
  const size_t byte_count = path.size() * sizeof(WCHAR);
  auto* name = static_cast<UNICODE_STRING*>(
      ExAllocatePool2(POOL_FLAG_PAGED, sizeof(UNICODE_STRING) + byte_count, kNameTag));
  if (name == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  name->Length = name->MaximumLength = static_cast<USHORT>(byte_count);
  name->Buffer = reinterpret_cast<PWCH>(name + 1);
  std::memcpy(name->Buffer, path.data(), byte_count);
  return name;
}

bool IsKey(void* object) {
  return object != nullptr && ob::ObjectHeader::Of(object)->magic == ob::kHeaderMagic &&
         ob::ObjectHeader::Of(object)->type == cm::g_key_type;
}

}  // namespace

extern "C" {

// The key's identity (the same for every object of one key) and its path, to be given back with
// CmCallbackReleaseKeyObjectIDEx; either may be null. STATUS_INVALID_PARAMETER for an unknown cookie, an
// object that is no key, flags; STATUS_INSUFFICIENT_RESOURCES. IRQL <= APC_LEVEL.
// nf-wdm-cmcallbackgetkeyobjectidex
NTSTATUS CmCallbackGetKeyObjectIDEx(PLARGE_INTEGER cookie, PVOID object, PULONG_PTR object_id,
                                    PCUNICODE_STRING* object_name, ULONG flags) {
  if (flags != 0 || !cm::IsRegistered(*cookie) || !IsKey(object)) return STATUS_INVALID_PARAMETER;
  const auto& key_object = *static_cast<cm::KeyObject*>(object);
  if (object_name != nullptr) {
    RING3_TRY_ASSIGN(*object_name, NameOf(key_object));
  }
  if (object_id != nullptr) *object_id = reinterpret_cast<ULONG_PTR>(key_object.key.get());
  return STATUS_SUCCESS;
}

// nf-wdm-cmcallbackreleasekeyobjectidex
VOID CmCallbackReleaseKeyObjectIDEx(PCUNICODE_STRING object_name) {
  ExFreePoolWithTag(const_cast<UNICODE_STRING*>(object_name), kNameTag);
}

// The same, with a name that goes with the object. STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES.
// nf-wdm-cmcallbackgetkeyobjectid
NTSTATUS CmCallbackGetKeyObjectID(PLARGE_INTEGER cookie, PVOID object, PULONG_PTR object_id,
                                  PCUNICODE_STRING* object_name) {
  RING3_TRY(CmCallbackGetKeyObjectIDEx(cookie, object, object_id, nullptr, 0));
  if (object_name == nullptr) return STATUS_SUCCESS;
  auto& key_object = *static_cast<cm::KeyObject*>(object);
  if (key_object.shown_name.load(std::memory_order_acquire) == nullptr) {
    RING3_TRY_ASSIGN(UNICODE_STRING * name, NameOf(key_object));
    UNICODE_STRING* none = nullptr;
    if (!key_object.shown_name.compare_exchange_strong(none, name)) ExFreePoolWithTag(name, kNameTag);
  }
  *object_name = key_object.shown_name.load(std::memory_order_acquire);
  return STATUS_SUCCESS;
}

NTKERNELAPI POBJECT_TYPE* CmKeyObjectType = &cm::g_key_type;

}  // extern "C"
