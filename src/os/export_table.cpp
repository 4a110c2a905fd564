// SPDX-License-Identifier: MIT
#include "os/export_table.h"

#include <dlfcn.h>

namespace ring3::os {
namespace {

void* ImageOf(const void* address) {
  Dl_info info;
  return dladdr(address, &info) != 0 ? info.dli_fbase : nullptr;
}

}  // namespace

void* FindExport(const void* address_in_module, const char* name) {
  Dl_info info;
  if (dladdr(address_in_module, &info) == 0) return nullptr;
  void* module = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  // The main program is not found by its file name.
  if (module == nullptr) module = dlopen(nullptr, RTLD_LAZY);
  if (module == nullptr) return nullptr;
  void* symbol = dlsym(module, name);
  dlclose(module);
  return symbol != nullptr && ImageOf(symbol) == info.dli_fbase ? symbol : nullptr;
}

}  // namespace ring3::os
