// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "base/leak_report.h"
#include "base/spin_lock.h"
#include "ob/object.h"

namespace ring3::ob {

// Guards every directory, and the names in object headers. One lock: names are not on any hot path.
extern SpinLock g_namespace_lock;

// The body of a directory object. An entry holds a reference to its object, a named object one to its
// directory.
class Directory {
 public:
  enum class Case { kSensitive, kInsensitive };
  ObjectHeader* FindLocked(std::u16string_view name, Case match) const RING3_REQUIRES(g_namespace_lock);
  void InsertLocked(std::u16string_view name, ObjectHeader* header) RING3_REQUIRES(g_namespace_lock);
  void RemoveLocked(ObjectHeader* header) RING3_REQUIRES(g_namespace_lock);
  struct Listed {
    std::u16string name;
    std::u16string type_name;
  };
  // The entry number `index` in the order of upcased names.
  bool EntryLocked(size_t index, Listed* listed) const RING3_REQUIRES(g_namespace_lock);

  ObjectHeader* header() { return ObjectHeader::Of(this); }

 private:
  std::multimap<std::u16string, ObjectHeader*, std::less<>> entries_ RING3_GUARDED_BY(g_namespace_lock);
};

// The body of a symbolic link object.
struct SymbolicLink {
  std::u16string target;
  LONGLONG create_time;
};

struct Lookup {
  const OBJECT_ATTRIBUTES* attributes;
  ObjectType* wanted_type;
  KPROCESSOR_MODE access_mode;
  ACCESS_MASK desired_access;
  void* context;
  // Not null: goes in where the name ends, when nothing is there yet.
  ObjectHeader* to_insert;
};
struct LookedUp {
  void* object;  // referenced
  bool inserted;
};
// Walks `attributes`' name. STATUS_OBJECT_NAME_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND,
// STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_TYPE_MISMATCH, and what parse
// procedures say.
Result<LookedUp> LookUp(const Lookup& lookup);

// Creates the root and the directories and links every driver expects; DestroyNamespace empties them.
Status CreateNamespace();
void DestroyNamespace(LeakReport& report);

// Permanent directory or link, for other components' initialisation: u"\\Device", u"\\DosDevices" → u"\\??".
Status CreatePermanentDirectory(std::u16string_view path);
Status CreatePermanentLink(std::u16string_view path, std::u16string_view target);

}  // namespace ring3::ob
