// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/list.h>

#include <atomic>
#include <string>

#include "base/spin_lock.h"
#include "ob/object.h"

// POBJECT_TYPE. Opaque to drivers.
struct _OBJECT_TYPE {
  _OBJECT_TYPE(std::u16string_view type_name, const ring3::ob::TypeOptions& type_options)
      : name(type_name), options(type_options) {
    InitializeListHead(&objects);
  }

  const std::u16string name;
  const ring3::ob::TypeOptions options;
  std::atomic<uint32_t> object_count{0};
  std::atomic<uint32_t> handle_count{0};
  ring3::SpinLock lock{ring3::LockRank::kObjectType};
  LIST_ENTRY objects RING3_GUARDED_BY(lock);  // ObjectHeader::type_list
};
