// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "base/result.h"
#include "cm/key.h"

namespace ring3::cm {

// The key \Registry of this boot.
const std::shared_ptr<Key>& RegistryRoot();

// Writes the store file where something has changed since it was read or written. STATUS_REGISTRY_IO_FAILED.
Status WriteBackStore() RING3_EXCLUDES(g_registry_lock);

}  // namespace ring3::cm
