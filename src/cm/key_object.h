// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "cm/key.h"
#include "ob/object.h"

namespace ring3::cm {

// The body of a key object: what a handle to a key refers to.
struct KeyObject {
  std::shared_ptr<Key> key;
  // What CmCallbackGetKeyObjectID gave out: a pool block that goes with the object.
  std::atomic<UNICODE_STRING*> shown_name{nullptr};
};

// What ZwCreateKey has the parse procedure do at the end of the name.
struct CreateContext {
  Lifetime lifetime = Lifetime::kStored;
  std::u16string_view key_class;
  ULONG disposition = 0;  // out: REG_CREATED_NEW_KEY, REG_OPENED_EXISTING_KEY
};

extern ob::ObjectType* g_key_type;

// Makes the type and \Registry, whose key is `root`.
Status CreateKeyType(const std::shared_ptr<Key>& root);
// Takes \Registry away again.
void RemoveRegistryRoot();

}  // namespace ring3::cm
