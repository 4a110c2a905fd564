// SPDX-License-Identifier: MIT
#include "cm/query_table.h"

#include <ddi/ex_pool.h>
#include <ntstatus.h>

#include <cstring>
#include <optional>

#include "ke/driver_gate.h"
#include "ob/object.h"

namespace ring3::cm {
namespace {

constexpr ULONG kStringTag = 'sgeR';

bool IsString(ULONG type) {
  return type == REG_SZ || type == REG_EXPAND_SZ || type == REG_MULTI_SZ;
}

std::u16string_view Text(PCWSTR text) {
  const auto* const characters = reinterpret_cast<const char16_t*>(text);
  size_t length = 0;
  while (characters[length] != 0) ++length;
  return {characters, length};
}

std::shared_ptr<Key> Descend(std::shared_ptr<Key> key, std::u16string_view path)
    RING3_REQUIRES(g_registry_lock) {
  while (key != nullptr && !path.empty()) {
    const size_t length = std::min(path.find(u'\\'), path.size());
    if (length > 0) key = key->FindLocked(path.substr(0, length));
    path.remove_prefix(std::min(path.size(), length + 1));
  }
  return key;
}

std::optional<Value> Find(const Key& key, std::u16string_view name) {
  SpinLockGuard guard(g_registry_lock);
  const Value* const value = key.FindValueLocked(name);
  return value == nullptr ? std::nullopt : std::optional<Value>(*value);
}

// A string goes into the caller's UNICODE_STRING; where that has no buffer, into one from paged pool.
NTSTATUS StoreString(UNICODE_STRING* out, const Value& value) {
  if (value.data.size() > MAXUSHORT - sizeof(WCHAR)) return STATUS_BUFFER_TOO_SMALL;
  const size_t byte_count = value.data.size() & ~size_t{1};
  if (out->Buffer == nullptr) {
    const size_t room = byte_count + sizeof(WCHAR);
    out->Buffer = static_cast<PWCH>(ExAllocatePool2(POOL_FLAG_PAGED, room, kStringTag));
    if (out->Buffer == nullptr) return STATUS_NO_MEMORY;
    out->MaximumLength = static_cast<USHORT>(room);
  } else if (byte_count > out->MaximumLength) {
    return STATUS_BUFFER_TOO_SMALL;
  }
  std::memcpy(out->Buffer, value.data.data(), byte_count);
  const auto* const characters = reinterpret_cast<const char16_t*>(value.data.data());
  const bool terminated = byte_count >= sizeof(WCHAR) && characters[byte_count / sizeof(WCHAR) - 1] == 0;
  out->Length = static_cast<USHORT>(terminated ? byte_count - sizeof(WCHAR) : byte_count);
  if (!terminated && byte_count + sizeof(WCHAR) <= out->MaximumLength)
    out->Buffer[byte_count / sizeof(WCHAR)] = 0;
  return STATUS_SUCCESS;
}

// Data larger than a ULONG goes into a buffer that begins with its own size, negative: the data alone.
NTSTATUS StoreLarge(void* context, const Value& value) {
  LONG size;
  std::memcpy(&size, context, sizeof(size));
  auto* const out = static_cast<uint8_t*>(context);
  const size_t room = size < 0 ? -static_cast<size_t>(size) : static_cast<size_t>(size);
  if (size < 0) {
    if (room < value.data.size()) return STATUS_BUFFER_TOO_SMALL;
    std::memcpy(out, value.data.data(), value.data.size());
    return STATUS_SUCCESS;
  }
  const ULONG header[2] = {static_cast<ULONG>(value.data.size()), value.type};
  if (room < sizeof(header) + value.data.size()) return STATUS_BUFFER_TOO_SMALL;
  std::memcpy(out, header, sizeof(header));
  std::memcpy(out + sizeof(header), value.data.data(), value.data.size());
  return STATUS_SUCCESS;
}

NTSTATUS StoreDirectly(const RTL_QUERY_REGISTRY_TABLE& entry, const Value& value) {
  if (entry.EntryContext == nullptr) return STATUS_INVALID_PARAMETER;
  if (IsString(value.type)) {
    if (value.type == REG_MULTI_SZ && (entry.Flags & RTL_QUERY_REGISTRY_NOEXPAND) == 0)
      return STATUS_INVALID_PARAMETER;
    return StoreString(static_cast<UNICODE_STRING*>(entry.EntryContext), value);
  }
  if (value.data.size() > sizeof(ULONG)) return StoreLarge(entry.EntryContext, value);
  std::memcpy(entry.EntryContext, value.data.data(), value.data.size());
  return STATUS_SUCCESS;
}

// The entry's own default; nothing for REG_NONE.
std::optional<Value> DefaultOf(const RTL_QUERY_REGISTRY_TABLE& entry) {
  const ULONG type = entry.DefaultType & 0xff;
  if (type == REG_NONE || entry.DefaultData == nullptr) return std::nullopt;
  size_t byte_count = entry.DefaultLength;
  if (byte_count == 0 && IsString(type)) {
    const auto* const start = static_cast<PCWSTR>(entry.DefaultData);
    size_t characters = Text(start).size() + 1;
    while (type == REG_MULTI_SZ && start[characters] != 0) characters += Text(start + characters).size() + 1;
    byte_count = (characters + (type == REG_MULTI_SZ ? 1 : 0)) * sizeof(WCHAR);
  }
  const auto* const bytes = static_cast<const uint8_t*>(entry.DefaultData);
  return Value{std::u16string(Text(entry.Name)), type, std::vector<uint8_t>(bytes, bytes + byte_count)};
}

}  // namespace

NTSTATUS QueryTable::Call(const RTL_QUERY_REGISTRY_TABLE& entry, const std::u16string& name, ULONG type,
                          const void* data, ULONG byte_count) const {
  const NTSTATUS status = ke::CallDriver(nullptr, ke::Callback::kOther, entry.QueryRoutine,
                                         reinterpret_cast<PWSTR>(const_cast<char16_t*>(name.c_str())), type,
                                         const_cast<PVOID>(data), byte_count, context_, entry.EntryContext);
  return status == STATUS_BUFFER_TOO_SMALL ? STATUS_SUCCESS : status;
}

NTSTATUS QueryTable::DeliverStrings(const RTL_QUERY_REGISTRY_TABLE& entry, const Value& value) const {
  const std::u16string_view all(reinterpret_cast<const char16_t*>(value.data.data()),
                                value.data.size() / sizeof(WCHAR));
  for (size_t start = 0; start < all.size();) {
    const size_t end = std::min(all.find(u'\0', start), all.size());
    if (end == start) break;
    const std::u16string one(all.substr(start, end - start));
    RING3_TRY(
        Call(entry, value.name, REG_SZ, one.c_str(), static_cast<ULONG>((one.size() + 1) * sizeof(WCHAR))));
    start = end + 1;
  }
  return STATUS_SUCCESS;
}

NTSTATUS QueryTable::Deliver(const RTL_QUERY_REGISTRY_TABLE& entry, const Value& value) const {
  if (entry.Flags & RTL_QUERY_REGISTRY_DIRECT) {
    const ULONG expected = entry.DefaultType >> RTL_QUERY_REGISTRY_TYPECHECK_SHIFT;
    if ((entry.Flags & RTL_QUERY_REGISTRY_TYPECHECK) && expected != value.type)
      return STATUS_OBJECT_TYPE_MISMATCH;
    return StoreDirectly(entry, value);
  }
  if (value.type == REG_MULTI_SZ && (entry.Flags & RTL_QUERY_REGISTRY_NOEXPAND) == 0) {
    return DeliverStrings(entry, value);
  }
  return Call(entry, value.name, value.type, value.data.data(), static_cast<ULONG>(value.data.size()));
}

NTSTATUS QueryTable::EnterSubkey(const RTL_QUERY_REGISTRY_TABLE& entry) {
  if (entry.Name == nullptr) return STATUS_INVALID_PARAMETER;
  {
    SpinLockGuard guard(g_registry_lock);
    current_ = Descend(top_, Text(entry.Name));
  }
  if (current_ == nullptr) {
    return entry.Flags & RTL_QUERY_REGISTRY_REQUIRED ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS;
  }
  return entry.QueryRoutine == nullptr ? STATUS_SUCCESS : RunAll(entry);
}

NTSTATUS QueryTable::RunNamed(const RTL_QUERY_REGISTRY_TABLE& entry) {
  const std::u16string_view name = Text(entry.Name);
  if (entry.Flags & RTL_QUERY_REGISTRY_NOVALUE)
    return Call(entry, std::u16string(name), REG_NONE, nullptr, 0);
  const std::optional<Value> found = current_ == nullptr ? std::nullopt : Find(*current_, name);
  if (found) {
    RING3_TRY(Deliver(entry, *found));
    if (entry.Flags & RTL_QUERY_REGISTRY_DELETE) {
      SpinLockGuard guard(g_registry_lock);
      current_->DeleteValueLocked(name);
    }
    return STATUS_SUCCESS;
  }
  if (entry.Flags & RTL_QUERY_REGISTRY_REQUIRED) return STATUS_OBJECT_NAME_NOT_FOUND;
  const std::optional<Value> fallback = DefaultOf(entry);
  if (!fallback) return STATUS_SUCCESS;
  // The type check is of what is stored; a default is the caller's own.
  RTL_QUERY_REGISTRY_TABLE unchecked = entry;
  unchecked.Flags &= ~ULONG{RTL_QUERY_REGISTRY_TYPECHECK};
  return Deliver(unchecked, *fallback);
}

NTSTATUS QueryTable::RunAll(const RTL_QUERY_REGISTRY_TABLE& entry) {
  std::vector<Value> all;
  if (current_ != nullptr) {
    SpinLockGuard guard(g_registry_lock);
    for (const auto& [name, value] : current_->values()) all.push_back(value);
  }
  if (all.empty())
    return entry.Flags & RTL_QUERY_REGISTRY_REQUIRED ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS;
  for (const Value& value : all) {
    RING3_TRY(Deliver(entry, value));
    if (entry.Flags & RTL_QUERY_REGISTRY_DELETE) {
      SpinLockGuard guard(g_registry_lock);
      current_->DeleteValueLocked(value.name);
    }
  }
  return STATUS_SUCCESS;
}

NTSTATUS QueryTable::RunEntry(const RTL_QUERY_REGISTRY_TABLE& entry) {
  const bool direct = (entry.Flags & RTL_QUERY_REGISTRY_DIRECT) != 0;
  if (direct &&
      (entry.Name == nullptr || entry.QueryRoutine != nullptr || (entry.Flags & RTL_QUERY_REGISTRY_SUBKEY))) {
    return STATUS_INVALID_PARAMETER;
  }
  if (entry.Flags & (RTL_QUERY_REGISTRY_TOPKEY | RTL_QUERY_REGISTRY_SUBKEY)) current_ = top_;
  if (entry.Flags & RTL_QUERY_REGISTRY_SUBKEY) return EnterSubkey(entry);
  if (entry.Name != nullptr)
    return entry.QueryRoutine == nullptr && !direct ? STATUS_INVALID_PARAMETER : RunNamed(entry);
  if (entry.Flags & RTL_QUERY_REGISTRY_NOVALUE) return Call(entry, {}, REG_NONE, nullptr, 0);
  return RunAll(entry);
}

NTSTATUS QueryTable::Run(RTL_QUERY_REGISTRY_TABLE* table) {
  constexpr ULONG kNavigates = RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_DIRECT;
  for (; table->QueryRoutine != nullptr || table->Name != nullptr || (table->Flags & kNavigates) != 0;
       ++table) {
    RING3_TRY(RunEntry(*table));
  }
  return STATUS_SUCCESS;
}

}  // namespace ring3::cm
