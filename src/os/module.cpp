// SPDX-License-Identifier: MIT
#include "os/module.h"

#include <algorithm>
#include <cstdint>

#include <dlfcn.h>
#include <link.h>

namespace ring3::os {
namespace {

struct Search {
  uintptr_t address;
  ModuleRange found;
};

int VisitModule(dl_phdr_info* info, size_t, void* context) {
  Search& search = *static_cast<Search*>(context);
  uintptr_t low = UINTPTR_MAX;
  uintptr_t high = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD) continue;
    low = std::min<uintptr_t>(low, info->dlpi_addr + header.p_vaddr);
    high = std::max<uintptr_t>(high, info->dlpi_addr + header.p_vaddr + header.p_memsz);
  }
  if (search.address < low || search.address >= high) return 0;
  const char* const name = info->dlpi_name;
  search.found = {name != nullptr && name[0] != 0 ? name : "/proc/self/exe",
                  reinterpret_cast<const void*>(low), high - low};
  return 1;
}

}  // namespace

void* LoadModule(const char* path, std::string* error) {
  void* const module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) *error = dlerror();
  return module;
}

void UnloadModule(void* module) {
  dlclose(module);
}

void* FindSymbol(void* module, const char* name) {
  return dlsym(module, name);
}

void* FindGlobalSymbol(const char* name) {
  return dlsym(RTLD_DEFAULT, name);
}

ModuleRange FindModule(const void* address) {
  Search search{reinterpret_cast<uintptr_t>(address), {}};
  dl_iterate_phdr(VisitModule, &search);
  return search.found;
}

}  // namespace ring3::os
