// SPDX-License-Identifier: MIT
#include "cm/key_object.h"

#include <ddi/ex_pool.h>
#include <ntstatus.h>

#include <new>

#include "cm/notify.h"

namespace ring3::cm {

ob::ObjectType* g_key_type = nullptr;

namespace {

void* g_root_object = nullptr;

constexpr size_t kMostNameCharacters = 255;

void DeleteKeyObject(void* object) {
  auto* key_object = static_cast<KeyObject*>(object);
  if (UNICODE_STRING* name = key_object->shown_name.load()) ExFreePool(name);
  key_object->~KeyObject();
}

void CloseKeyObject(PEPROCESS, void* object, ACCESS_MASK, ULONG, ULONG system_handle_count) {
  if (system_handle_count == 1) CancelWatchersOf(static_cast<KeyObject*>(object));
}

Result<void*> MakeKeyObject(std::shared_ptr<Key> key) {
  RING3_TRY_ASSIGN(void* object, ob::CreateObject(g_key_type, sizeof(KeyObject)));
  new (object) KeyObject{std::move(key), {}};
  return object;
}

NTSTATUS QueryKeyName(void* object, std::u16string& name) {
  SpinLockGuard guard(g_registry_lock);
  name = static_cast<KeyObject*>(object)->key->PathLocked();
  return STATUS_SUCCESS;
}

// ControlSet001 is another name of what CurrentControlSet means.
std::u16string_view Canonical(const Key& parent, std::u16string_view name) {
  if (ob::Upcased(parent.name()) == u"SYSTEM" && ob::Upcased(name) == u"CONTROLSET001")
    return u"CurrentControlSet";
  return name;
}

// Finds the key that the rest of a name leads to, or makes it where the request is to create.
Result<std::shared_ptr<Key>> WalkLocked(std::shared_ptr<Key> key, std::u16string_view rest,
                                        CreateContext* create) RING3_REQUIRES(g_registry_lock) {
  if (key->deleted()) return STATUS_KEY_DELETED;
  if (create != nullptr) create->disposition = REG_OPENED_EXISTING_KEY;
  while (!rest.empty() && rest.front() == u'\\') rest.remove_prefix(1);
  while (!rest.empty()) {
    const size_t length = std::min(rest.find(u'\\'), rest.size());
    const std::u16string_view name = Canonical(*key, rest.substr(0, length));
    const bool last = rest.find_first_not_of(u'\\', length) == rest.npos;
    rest.remove_prefix(last ? rest.size() : length + 1);
    if (name.empty()) return STATUS_OBJECT_NAME_INVALID;
    if (name.size() > kMostNameCharacters) return STATUS_INVALID_PARAMETER;
    std::shared_ptr<Key> child = key->FindLocked(name);
    if (child == nullptr) {
      // Only the last key of a path is created.
      if (create == nullptr || !last) return STATUS_OBJECT_NAME_NOT_FOUND;
      if (key->lifetime() == Lifetime::kVolatile && create->lifetime == Lifetime::kStored) {
        return STATUS_CHILD_MUST_BE_VOLATILE;
      }
      child = key->AddLocked(name, create->lifetime);
      child->key_class = create->key_class;
      create->disposition = REG_CREATED_NEW_KEY;
    }
    key = std::move(child);
  }
  return key;
}

NTSTATUS ParseKeyName(ob::ParseRequest& request) {
  if (request.wanted_type != nullptr && request.wanted_type != g_key_type) return STATUS_OBJECT_TYPE_MISMATCH;
  std::shared_ptr<Key> key = static_cast<KeyObject*>(request.object)->key;
  {
    SpinLockGuard guard(g_registry_lock);
    RING3_TRY_ASSIGN(key, WalkLocked(key, request.remaining, static_cast<CreateContext*>(request.context)));
  }
  RING3_TRY_ASSIGN(request.result, MakeKeyObject(std::move(key)));
  return STATUS_SUCCESS;
}

}  // namespace

Status CreateKeyType(const std::shared_ptr<Key>& root) {
  ob::TypeOptions options;
  options.generic_mapping = {KEY_READ, KEY_WRITE, KEY_EXECUTE, KEY_ALL_ACCESS};
  options.valid_access = KEY_ALL_ACCESS | SYNCHRONIZE;
  options.named_in_directories = false;
  options.procedures.close = CloseKeyObject;
  options.procedures.delete_object = DeleteKeyObject;
  options.procedures.parse = ParseKeyName;
  options.procedures.query_name = QueryKeyName;
  RING3_TRY_ASSIGN(g_key_type, ob::CreateType(u"Key", options));
  RING3_TRY_ASSIGN(void* object, MakeKeyObject(root));
  UNICODE_STRING name = ob::ToUnicodeString(u"\\Registry");
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
  ob::InsertOptions insert;
  insert.want_handle = false;
  RING3_TRY_ASSIGN(const ob::Inserted inserted, ob::InsertObject(object, &attributes, insert));
  g_root_object = inserted.object;
  return STATUS_SUCCESS;
}

void RemoveRegistryRoot() {
  if (g_root_object == nullptr) return;
  ob::MakeTemporary(g_root_object);
  ob::Dereference(std::exchange(g_root_object, nullptr));
  g_key_type = nullptr;
}

}  // namespace ring3::cm
