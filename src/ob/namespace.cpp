// SPDX-License-Identifier: MIT
#include "ob/namespace.h"

#include <ddi/ke.h>

#include <fmt/format.h>

#include "ob/callback_object.h"
#include "ob/object_type.h"

namespace ring3::ob {

SpinLock g_namespace_lock{LockRank::kNamespace};

namespace {

constexpr int kMostReparses = 32;
constexpr NTSTATUS kReparsePointEncountered = static_cast<NTSTATUS>(0xC000050B);

Directory* g_root = nullptr;

struct Walk {
  Ref<void> start;
  std::u16string name;
};

// One step below `directory`: what is there, referenced; or the object to insert, inserted.
struct Step {
  void* object = nullptr;
  bool inserted = false;
};
Result<Step> StepInto(Directory* directory, std::u16string_view component, bool last, const Lookup& lookup) {
  if (component.empty()) return STATUS_OBJECT_NAME_INVALID;
  auto match = (lookup.attributes->Attributes & OBJ_CASE_INSENSITIVE) != 0 ? Directory::Case::kInsensitive
                                                                           : Directory::Case::kSensitive;
  SpinLockGuard guard(g_namespace_lock);
  if (ObjectHeader* found = directory->FindLocked(component, match)) {
    Reference(found->body());
    return Step{found->body(), false};
  }
  if (!last) return STATUS_OBJECT_PATH_NOT_FOUND;
  if (lookup.to_insert == nullptr) return STATUS_OBJECT_NAME_NOT_FOUND;
  directory->InsertLocked(component, lookup.to_insert);
  Reference(lookup.to_insert->body());
  return Step{lookup.to_insert->body(), true};
}

// Where the walk begins: the root, or the attributes' root directory.
Result<Walk> Begin(const Lookup& lookup) {
  Walk walk;
  if (lookup.attributes->ObjectName != nullptr) {
    const UNICODE_STRING& name = *lookup.attributes->ObjectName;
    if (name.Length % sizeof(WCHAR) != 0) return STATUS_OBJECT_NAME_INVALID;
    if (name.Length != 0) walk.name = View(name);
  }
  if (lookup.attributes->RootDirectory == nullptr) {
    if (walk.name.empty() || walk.name[0] != u'\\') return STATUS_OBJECT_PATH_SYNTAX_BAD;
    walk.start = Ref<void>::Take(g_root);
    return walk;
  }
  RING3_TRY_ASSIGN(void* root,
                   ReferenceByHandle(lookup.attributes->RootDirectory, 0, nullptr, lookup.access_mode));
  walk.start = Ref<void>::Adopt(root);
  ObjectType* type = ObjectHeader::Of(root)->type;
  if (type == g_directory_type) {
    if (!walk.name.empty() && walk.name[0] == u'\\') return STATUS_OBJECT_PATH_SYNTAX_BAD;
    return walk;
  }
  if (type->options.procedures.parse == nullptr) return STATUS_OBJECT_TYPE_MISMATCH;
  return walk;
}

struct Parsed {
  void* object = nullptr;
  bool reparse = false;
};
Result<Parsed> Parse(void* object, const std::u16string& complete, std::u16string_view remaining,
                     const Lookup& lookup, std::u16string* reparse_name) {
  ParseRequest request{object,
                       lookup.wanted_type,
                       complete,
                       remaining,
                       lookup.attributes->Attributes,
                       lookup.access_mode,
                       lookup.desired_access,
                       lookup.context,
                       nullptr,
                       {}};
  NTSTATUS status = ObjectHeader::Of(object)->type->options.procedures.parse(request);
  if (!NT_SUCCESS(status)) return status;
  if (status == STATUS_REPARSE || status == STATUS_REPARSE_OBJECT) {
    *reparse_name = std::move(request.reparse_name);
    return Parsed{nullptr, true};
  }
  return Parsed{request.result, false};
}

}  // namespace

Result<LookedUp> LookUp(const Lookup& lookup) {
  RING3_TRY_ASSIGN(Walk walk, Begin(lookup));
  std::u16string name = std::move(walk.name);
  std::u16string_view left = name;
  Ref<void> current = std::move(walk.start);
  bool from_handle = lookup.attributes->RootDirectory != nullptr;

  for (int reparses = 0; reparses <= kMostReparses;) {
    std::u16string reparse_name;
    bool reparse = false;
    ObjectType* type = ObjectHeader::Of(current.get())->type;

    if (type == g_directory_type) {
      if (!left.empty() && left[0] == u'\\' && !from_handle) left.remove_prefix(1);
      from_handle = false;
      if (left.empty()) {
        if (lookup.to_insert != nullptr && !name.empty()) return LookedUp{current.Release(), false};
        if (lookup.wanted_type != nullptr && lookup.wanted_type != type) return STATUS_OBJECT_TYPE_MISMATCH;
        return LookedUp{current.Release(), false};
      }
      size_t end = left.find(u'\\');
      bool last = end == std::u16string_view::npos;
      std::u16string_view component = left.substr(0, end);
      std::u16string_view rest = last ? std::u16string_view() : left.substr(end);
      RING3_TRY_ASSIGN(Step step, StepInto(static_cast<Directory*>(current.get()), component, last, lookup));
      current = Ref<void>::Adopt(step.object);
      if (step.inserted) return LookedUp{current.Release(), true};
      ObjectType* found = ObjectHeader::Of(step.object)->type;
      if (found == g_symbolic_link_type &&
          !(last && (lookup.to_insert != nullptr || lookup.wanted_type == g_symbolic_link_type ||
                     (lookup.attributes->Attributes & OBJ_OPENLINK) != 0))) {
        if ((lookup.attributes->Attributes & OBJ_DONT_REPARSE) != 0) return kReparsePointEncountered;
        reparse_name = static_cast<SymbolicLink*>(step.object)->target + std::u16string(rest);
        reparse = true;
      } else if (last && lookup.to_insert != nullptr) {
        return LookedUp{current.Release(), false};
      } else if (found == g_directory_type) {
        if (last) {
          if (lookup.wanted_type != nullptr && lookup.wanted_type != found)
            return STATUS_OBJECT_TYPE_MISMATCH;
          return LookedUp{current.Release(), false};
        }
        left = rest;
        if (left.size() == 1) return STATUS_OBJECT_NAME_INVALID;
        continue;
      } else {
        left = rest;
        if (found->options.procedures.parse == nullptr) {
          if (!left.empty()) return STATUS_OBJECT_PATH_NOT_FOUND;
          if (lookup.wanted_type != nullptr && lookup.wanted_type != found)
            return STATUS_OBJECT_TYPE_MISMATCH;
          return LookedUp{current.Release(), false};
        }
      }
    }
    if (!reparse) {
      RING3_TRY_ASSIGN(Parsed parsed, Parse(current.get(), name, left, lookup, &reparse_name));
      if (!parsed.reparse) {
        if (lookup.wanted_type != nullptr && lookup.wanted_type != ObjectHeader::Of(parsed.object)->type) {
          Dereference(parsed.object);
          return STATUS_OBJECT_TYPE_MISMATCH;
        }
        return LookedUp{parsed.object, false};
      }
    }
    ++reparses;
    name = std::move(reparse_name);
    if (name.empty() || name[0] != u'\\') name.insert(name.begin(), u'\\');
    left = name;
    current = Ref<void>::Adopt(nullptr);
    Reference(g_root);
    current = Ref<void>::Adopt(g_root);
    from_handle = false;
  }
  return STATUS_OBJECT_PATH_NOT_FOUND;
}

void RemoveName(void* object) {
  ObjectHeader* header = ObjectHeader::Of(object);
  Directory* directory;
  {
    SpinLockGuard guard(g_namespace_lock);
    directory = header->directory;
    if (directory == nullptr) return;
    directory->RemoveLocked(header);
    header->flags &= ~uint32_t{kPermanent};
  }
  Dereference(object);
  Dereference(directory);
}

void MakeTemporary(void* object) {
  ObjectHeader* header = ObjectHeader::Of(object);
  bool gone;
  {
    SpinLockGuard guard(g_namespace_lock);
    header->flags &= ~uint32_t{kPermanent};
    gone = header->directory != nullptr && header->handle_count.load() == 0;
  }
  if (gone) RemoveName(object);
}

void MakePermanent(void* object) {
  ObjectHeader::Of(object)->flags |= kPermanent;
}

std::u16string NameOf(void* object) {
  ObjectHeader* header = ObjectHeader::Of(object);
  std::u16string name;
  if (header->type->options.procedures.query_name != nullptr) {
    if (!NT_SUCCESS(header->type->options.procedures.query_name(object, name))) return {};
    return name;
  }
  SpinLockGuard guard(g_namespace_lock);
  if (object == g_root) return u"\\";
  while (header->directory != nullptr) {
    name = u"\\" + *header->name + name;
    header = header->directory->header();
  }
  return name;
}

namespace {

Result<void*> CreateNamed(ObjectType* type, size_t byte_count, std::u16string_view path,
                          void (*construct)(void*, std::u16string_view), std::u16string_view argument) {
  RING3_TRY_ASSIGN(void* object, CreateObject(type, byte_count));
  construct(object, argument);
  ObjectHeader::Of(object)->flags |= kMadeByBoot;
  UNICODE_STRING name = ToUnicodeString(path);
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
  InsertOptions options;
  options.want_handle = false;
  RING3_TRY_ASSIGN(Inserted inserted, InsertObject(object, &attributes, options));
  Dereference(inserted.object);
  return inserted.object;
}

}  // namespace

Status CreatePermanentDirectory(std::u16string_view path) {
  RING3_TRY_ASSIGN([[maybe_unused]] void* object,
                   CreateNamed(g_directory_type, sizeof(Directory), path,
                               [](void* body, std::u16string_view) { new (body) Directory; }, {}));
  return STATUS_SUCCESS;
}

Status CreatePermanentLink(std::u16string_view path, std::u16string_view target) {
  RING3_TRY_ASSIGN([[maybe_unused]] void* object, CreateNamed(
                                                      g_symbolic_link_type, sizeof(SymbolicLink), path,
                                                      [](void* body, std::u16string_view to) {
                                                        new (body) SymbolicLink{std::u16string(to), 0};
                                                      },
                                                      target));
  return STATUS_SUCCESS;
}

Status CreateNamespace() {
  RING3_TRY_ASSIGN(void* root, CreateObject(g_directory_type, sizeof(Directory)));
  g_root = new (root) Directory;
  for (std::u16string_view path : {u"\\Device", u"\\Driver", u"\\FileSystem", u"\\GLOBAL??", u"\\Callback",
                                   u"\\BaseNamedObjects", u"\\ObjectTypes", u"\\KernelObjects", u"\\Sessions",
                                   u"\\Sessions\\0", u"\\Sessions\\1", u"\\Security"}) {
    RING3_TRY(CreatePermanentDirectory(path));
  }
  struct Link {
    std::u16string_view path, target;
  };
  for (const Link& link :
       {Link{u"\\??", u"\\GLOBAL??"}, Link{u"\\DosDevices", u"\\GLOBAL??"},
        Link{u"\\GLOBAL??\\Global", u"\\GLOBAL??"}, Link{u"\\GLOBAL??\\GLOBALROOT", u""},
        Link{u"\\BaseNamedObjects\\Global", u"\\BaseNamedObjects"},
        Link{u"\\BaseNamedObjects\\Local", u"\\BaseNamedObjects"},
        Link{u"\\Sessions\\0\\DosDevices", u"\\GLOBAL??"}, Link{u"\\Sessions\\1\\DosDevices", u"\\GLOBAL??"},
        Link{u"\\Sessions\\0\\BaseNamedObjects", u"\\BaseNamedObjects"},
        Link{u"\\Sessions\\1\\BaseNamedObjects", u"\\BaseNamedObjects"}}) {
    RING3_TRY(CreatePermanentLink(link.path, link.target));
  }
  return STATUS_SUCCESS;
}

void DestroyNamespace(LeakReport&) {
  if (g_root == nullptr) return;
  // Callback objects, links and directories that boot made go; whatever else is still named is found by the
  // types' leak check.
  for (ObjectType* type : {g_callback_type, g_symbolic_link_type, g_directory_type}) {
    for (;;) {
      void* permanent = nullptr;
      {
        SpinLockGuard guard(type->lock);
        for (LIST_ENTRY* entry = type->objects.Flink; entry != &type->objects; entry = entry->Flink) {
          auto* header = CONTAINING_RECORD(entry, ObjectHeader, type_list);
          if ((header->flags & kPermanent) == 0 || (header->flags & kMadeByBoot) == 0) continue;
          permanent = header->body();
          break;
        }
      }
      if (permanent == nullptr) break;
      RemoveName(permanent);
    }
  }
  Dereference(g_root);
  g_root = nullptr;
}

}  // namespace ring3::ob
