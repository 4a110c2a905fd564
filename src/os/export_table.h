// SPDX-License-Identifier: MIT
#pragma once

namespace ring3::os {

// The symbol `name` that the module of `address_in_module` itself exports; null where it exports none of that
// name, whatever the modules that it depends on do. Takes the loader's lock.
void* FindExport(const void* address_in_module, const char* name);

}  // namespace ring3::os
