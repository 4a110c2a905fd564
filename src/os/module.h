// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace ring3::os {

// Loads an ELF module and everything it needs, resolving all symbols now and publishing none. Returns null
// with the reason in `error`. Runs the module's constructors. May block; no executive lock may be held.
void* LoadModule(const char* path, std::string* error);
void UnloadModule(void* module);
// Null where the module does not export `name`.
void* FindSymbol(void* module, const char* name);
// A symbol exported by any module that is loaded with the program, such as the executive's own.
void* FindGlobalSymbol(const char* name);

struct ModuleRange {
  std::string path;
  const void* base = nullptr;
  size_t byte_count = 0;
};
// The module that `address` lies in; an empty path where there is none.
ModuleRange FindModule(const void* address);

}  // namespace ring3::os
