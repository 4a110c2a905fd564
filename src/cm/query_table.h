// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/cm.h>

#include "base/result.h"
#include "cm/key.h"

namespace ring3::cm {

// One run of RtlQueryRegistryValues over a table: entries in order, each against the current key.
class QueryTable {
 public:
  // `top`: the key that the call names; null where it is optional and not there.
  QueryTable(std::shared_ptr<Key> top, void* context)
      : top_(top), current_(std::move(top)), context_(context) {}

  NTSTATUS Run(RTL_QUERY_REGISTRY_TABLE* table) RING3_EXCLUDES(g_registry_lock);

 private:
  NTSTATUS RunEntry(const RTL_QUERY_REGISTRY_TABLE& entry);
  NTSTATUS EnterSubkey(const RTL_QUERY_REGISTRY_TABLE& entry);
  NTSTATUS RunNamed(const RTL_QUERY_REGISTRY_TABLE& entry);
  NTSTATUS RunAll(const RTL_QUERY_REGISTRY_TABLE& entry);
  NTSTATUS Deliver(const RTL_QUERY_REGISTRY_TABLE& entry, const Value& value) const;
  NTSTATUS DeliverStrings(const RTL_QUERY_REGISTRY_TABLE& entry, const Value& value) const;
  NTSTATUS Call(const RTL_QUERY_REGISTRY_TABLE& entry, const std::u16string& name, ULONG type,
                const void* data, ULONG byte_count) const;

  const std::shared_ptr<Key> top_;
  std::shared_ptr<Key> current_;
  void* const context_;
};

}  // namespace ring3::cm
