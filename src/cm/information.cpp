// SPDX-License-Identifier: MIT
#include "cm/information.h"

#include <cstddef>

namespace ring3::cm {
namespace {

constexpr size_t kInformationAlignment = 4;

ULONG BytesOf(std::u16string_view text) {
  return static_cast<ULONG>(text.size() * sizeof(WCHAR));
}

LARGE_INTEGER Time(int64_t time) {
  LARGE_INTEGER out;
  out.QuadPart = time;
  return out;
}

struct Maxima {
  ULONG key_name = 0;
  ULONG key_class = 0;
  ULONG value_name = 0;
  ULONG value_data = 0;
};

Maxima MaximaOf(const Key& key) RING3_REQUIRES(g_registry_lock) {
  Maxima most;
  for (const auto& [name, child] : key.keys()) {
    most.key_name = std::max(most.key_name, BytesOf(child->name()));
    most.key_class = std::max(most.key_class, BytesOf(child->key_class));
  }
  for (const auto& [name, value] : key.values()) {
    most.value_name = std::max(most.value_name, BytesOf(value.name));
    most.value_data = std::max(most.value_data, static_cast<ULONG>(value.data.size()));
  }
  return most;
}

}  // namespace

NTSTATUS WriteKeyInformation(const Key& key, KEY_INFORMATION_CLASS information_class,
                             InformationWriter& writer, PULONG result_length) {
  const ULONG name_length = BytesOf(key.name());
  const ULONG class_length = BytesOf(key.key_class);
  switch (information_class) {
    case KeyBasicInformation: {
      const KEY_BASIC_INFORMATION basic = {Time(key.last_write_time()), 0, name_length, {}};
      writer.PutFixed(basic, offsetof(KEY_BASIC_INFORMATION, Name));
      writer.PutText(key.name());
      break;
    }
    case KeyNodeInformation: {
      KEY_NODE_INFORMATION node = {Time(key.last_write_time()), 0, MAXULONG, class_length, name_length, {}};
      constexpr size_t kFixed = offsetof(KEY_NODE_INFORMATION, Name);
      if (class_length != 0) node.ClassOffset = static_cast<ULONG>((kFixed + name_length + 3) & ~size_t{3});
      writer.PutFixed(node, kFixed);
      writer.PutText(key.name());
      if (class_length != 0) {
        writer.AlignTo(kInformationAlignment);
        writer.PutText(key.key_class);
      }
      break;
    }
    case KeyFullInformation: {
      const Maxima most = MaximaOf(key);
      constexpr size_t kFixed = offsetof(KEY_FULL_INFORMATION, Class);
      const KEY_FULL_INFORMATION full = {Time(key.last_write_time()),
                                         0,
                                         class_length == 0 ? MAXULONG : static_cast<ULONG>(kFixed),
                                         class_length,
                                         static_cast<ULONG>(key.keys().size()),
                                         most.key_name,
                                         most.key_class,
                                         static_cast<ULONG>(key.values().size()),
                                         most.value_name,
                                         most.value_data,
                                         {}};
      writer.PutFixed(full, kFixed);
      writer.PutText(key.key_class);
      break;
    }
    case KeyNameInformation: {
      const std::u16string path = key.PathLocked();
      const KEY_NAME_INFORMATION name = {BytesOf(path), {}};
      writer.PutFixed(name, offsetof(KEY_NAME_INFORMATION, Name));
      writer.PutText(path);
      break;
    }
    case KeyCachedInformation: {
      const Maxima most = MaximaOf(key);
      const KEY_CACHED_INFORMATION cached = {Time(key.last_write_time()),
                                             0,
                                             static_cast<ULONG>(key.keys().size()),
                                             most.key_name,
                                             static_cast<ULONG>(key.values().size()),
                                             most.value_name,
                                             most.value_data,
                                             name_length};
      writer.PutFixed(cached, sizeof(cached));
      break;
    }
    default:
      return STATUS_INVALID_PARAMETER;
  }
  return writer.Finish(result_length);
}

NTSTATUS WriteValueInformation(const Value& value, KEY_VALUE_INFORMATION_CLASS information_class,
                               InformationWriter& writer, PULONG result_length) {
  const auto data_length = static_cast<ULONG>(value.data.size());
  const ULONG name_length = BytesOf(value.name);
  switch (information_class) {
    case KeyValueBasicInformation: {
      const KEY_VALUE_BASIC_INFORMATION basic = {0, value.type, name_length, {}};
      writer.PutFixed(basic, offsetof(KEY_VALUE_BASIC_INFORMATION, Name));
      writer.PutText(value.name);
      break;
    }
    case KeyValueFullInformation:
    case KeyValueFullInformationAlign64: {
      const size_t alignment = information_class == KeyValueFullInformation ? kInformationAlignment : 8;
      constexpr size_t kFixed = offsetof(KEY_VALUE_FULL_INFORMATION, Name);
      const size_t data_offset = (kFixed + name_length + alignment - 1) & ~(alignment - 1);
      const KEY_VALUE_FULL_INFORMATION full = {0,           value.type,  static_cast<ULONG>(data_offset),
                                               data_length, name_length, {}};
      writer.PutFixed(full, kFixed);
      writer.PutText(value.name);
      if (data_length != 0) {
        writer.AlignTo(alignment);
        writer.Put(value.data.data(), data_length);
      }
      break;
    }
    case KeyValuePartialInformation: {
      const KEY_VALUE_PARTIAL_INFORMATION partial = {0, value.type, data_length, {}};
      writer.PutFixed(partial, offsetof(KEY_VALUE_PARTIAL_INFORMATION, Data));
      writer.Put(value.data.data(), data_length);
      break;
    }
    case KeyValuePartialInformationAlign64: {
      const KEY_VALUE_PARTIAL_INFORMATION_ALIGN64 partial = {value.type, data_length, {}};
      writer.PutFixed(partial, offsetof(KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, Data));
      writer.Put(value.data.data(), data_length);
      break;
    }
    default:
      return STATUS_INVALID_PARAMETER;
  }
  return writer.Finish(result_length);
}

}  // namespace ring3::cm
