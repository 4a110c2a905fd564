// SPDX-License-Identifier: MIT
#include <ddi/rtl_string.h>

#include "ob/namespace.h"
#include "ob/object_type.h"

namespace ring3::ob {
std::u16string Upcased(std::u16string_view s) {
  std::u16string result(s);
  for (char16_t& c : result) c = static_cast<char16_t>(RtlUpcaseUnicodeChar(static_cast<WCHAR>(c)));
  return result;
}

ObjectHeader* Directory::FindLocked(std::u16string_view name, Case match) const {
  auto [first, end] = entries_.equal_range(Upcased(name));
  for (; first != end; ++first) {
    if (match == Case::kInsensitive || *first->second->name == name) return first->second;
  }
  return nullptr;
}

void Directory::InsertLocked(std::u16string_view name, ObjectHeader* header) {
  Reference(header->body());
  Reference(this);
  header->name = new std::u16string(name);
  header->directory = this;
  entries_.emplace(Upcased(name), header);
}

void Directory::RemoveLocked(ObjectHeader* header) {
  auto [first, end] = entries_.equal_range(Upcased(*header->name));
  for (; first != end; ++first) {
    if (first->second != header) continue;
    entries_.erase(first);
    break;
  }
  delete header->name;
  header->name = nullptr;
  header->directory = nullptr;
}

bool Directory::EntryLocked(size_t index, Listed* listed) const {
  if (index >= entries_.size()) return false;
  auto entry = entries_.begin();
  std::advance(entry, index);
  listed->name = *entry->second->name;
  listed->type_name = entry->second->type->name;
  return true;
}

}  // namespace ring3::ob
