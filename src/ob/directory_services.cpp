// SPDX-License-Identifier: MIT
// Directories and symbolic links of the object namespace.
#include <ddi/ke.h>

#include <atomic>
#include <cstring>
#include <vector>

#include "ob/namespace.h"
#include "ob/object_type.h"
#include "ob/service.h"
#include "ob/directory_services.h"
#include "os/clock.h"

namespace ring3::ob {
namespace {

NTSTATUS InsertAndOpen(KPROCESSOR_MODE mode, void* object, const OBJECT_ATTRIBUTES* attributes,
                       ACCESS_MASK access, PHANDLE handle) {
  InsertOptions options;
  options.desired_access = access;
  options.access_mode = mode;
  RING3_TRY_ASSIGN(Inserted inserted, InsertObject(object, attributes, options));
  *handle = inserted.handle;
  Dereference(inserted.object);
  return inserted.status;
}

}  // namespace

// STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_SYNTAX_BAD,
// STATUS_OBJECT_NAME_EXISTS (OBJ_OPENIF). PASSIVE_LEVEL. nf-wdm-zwcreatedirectoryobject
NTSTATUS CreateDirectoryObject(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                               POBJECT_ATTRIBUTES attributes) {
  *handle = nullptr;
  RING3_TRY_ASSIGN(void* object, CreateObject(g_directory_type, sizeof(Directory)));
  new (object) Directory;
  return InsertAndOpen(mode, object, attributes, access, handle);
}

// nf-ntifs-zwopendirectoryobject
NTSTATUS OpenDirectoryObject(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                             POBJECT_ATTRIBUTES attributes) {
  return Return(OpenObjectByName(*attributes, g_directory_type, mode, access), handle);
}

// Entries as OBJECT_DIRECTORY_INFORMATION, ended by an empty one, the strings behind them.
// STATUS_NO_MORE_ENTRIES, STATUS_MORE_ENTRIES, STATUS_BUFFER_TOO_SMALL.
NTSTATUS QueryDirectoryObject(KPROCESSOR_MODE mode, HANDLE handle, PVOID buffer, ULONG length, BOOLEAN single,
                              BOOLEAN restart, PULONG context, PULONG return_length) {
  RING3_TRY_ASSIGN(auto directory,
                   ReferenceHandleAs<Directory>(handle, DIRECTORY_QUERY, g_directory_type, mode));
  if (restart) *context = 0;
  std::vector<Directory::Listed> entries;
  ULONG needed = sizeof(OBJECT_DIRECTORY_INFORMATION);
  bool more = false;
  {
    SpinLockGuard guard(g_namespace_lock);
    for (Directory::Listed entry; directory->EntryLocked(*context + entries.size(), &entry);) {
      auto size = static_cast<ULONG>(sizeof(OBJECT_DIRECTORY_INFORMATION) +
                                     (entry.name.size() + entry.type_name.size() + 2) * sizeof(WCHAR));
      if (needed + size > length || (single && !entries.empty())) {
        more = true;
        if (entries.empty()) needed += size;
        break;
      }
      needed += size;
      entries.push_back(entry);
    }
  }
  if (return_length != nullptr) *return_length = needed;
  if (entries.empty()) return more ? STATUS_BUFFER_TOO_SMALL : STATUS_NO_MORE_ENTRIES;
  auto* information = static_cast<OBJECT_DIRECTORY_INFORMATION*>(buffer);
  auto* text = reinterpret_cast<char*>(information + entries.size() + 1);
  auto store = [&](std::u16string_view s) {
    UNICODE_STRING result = ToUnicodeString(s);
    std::memcpy(text, s.data(), result.Length);
    std::memset(text + result.Length, 0, sizeof(WCHAR));
    result.Buffer = reinterpret_cast<PWCH>(text);
    result.MaximumLength += sizeof(WCHAR);
    text += result.MaximumLength;
    return result;
  };
  for (const Directory::Listed& entry : entries) {
    information->Name = store(entry.name);
    information->TypeName = store(entry.type_name);
    ++information;
  }
  *information = {};
  *context += static_cast<ULONG>(entries.size());
  return more && !single ? STATUS_MORE_ENTRIES : STATUS_SUCCESS;
}

// A link to `target`, which need not exist. STATUS_OBJECT_NAME_COLLISION, STATUS_INVALID_PARAMETER (no
// target).
NTSTATUS CreateSymbolicLinkObject(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                                  POBJECT_ATTRIBUTES attributes, PUNICODE_STRING target) {
  *handle = nullptr;
  if (target == nullptr || target->Length == 0 || target->Length % sizeof(WCHAR) != 0)
    return STATUS_INVALID_PARAMETER;
  RING3_TRY_ASSIGN(void* object, CreateObject(g_symbolic_link_type, sizeof(SymbolicLink)));
  new (object) SymbolicLink{std::u16string(View(*target)), os::SystemTime100ns()};
  return InsertAndOpen(mode, object, attributes, access, handle);
}

// nf-wdm-zwopensymboliclinkobject
NTSTATUS OpenSymbolicLinkObject(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                                POBJECT_ATTRIBUTES attributes) {
  return Return(OpenObjectByName(*attributes, g_symbolic_link_type, mode, access), handle);
}

// STATUS_BUFFER_TOO_SMALL with the bytes needed in `returned`. nf-wdm-zwquerysymboliclinkobject
NTSTATUS QuerySymbolicLinkObject(KPROCESSOR_MODE mode, HANDLE handle, PUNICODE_STRING target,
                                 PULONG returned) {
  RING3_TRY_ASSIGN(auto link,
                   ReferenceHandleAs<SymbolicLink>(handle, SYMBOLIC_LINK_QUERY, g_symbolic_link_type, mode));
  UNICODE_STRING stored = ToUnicodeString(link->target);
  if (returned != nullptr) *returned = stored.Length + static_cast<ULONG>(sizeof(WCHAR));
  if (target->MaximumLength < stored.Length) return STATUS_BUFFER_TOO_SMALL;
  std::memcpy(target->Buffer, stored.Buffer, stored.Length);
  target->Length = stored.Length;
  if (target->MaximumLength >= stored.Length + sizeof(WCHAR))
    target->Buffer[stored.Length / sizeof(WCHAR)] = 0;
  return STATUS_SUCCESS;
}

// Ids that no earlier call of this boot returned. nf-ntddk-zwallocatelocallyuniqueid
NTSTATUS AllocateLocallyUniqueId(PLUID luid) {
  static std::atomic<uint64_t> next{0x10000};
  uint64_t id = next.fetch_add(1, std::memory_order_relaxed);
  luid->LowPart = static_cast<ULONG>(id);
  luid->HighPart = static_cast<LONG>(id >> 32);
  return STATUS_SUCCESS;
}

}  // namespace ring3::ob
