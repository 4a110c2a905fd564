// SPDX-License-Identifier: MIT
// The dynamic symbols of shared objects.
#ifndef RING3_CC_ELF_SYMBOLS_H
#define RING3_CC_ELF_SYMBOLS_H

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace ring3::cc {

enum class Use {
  Call,     // bound through the procedure linkage table: certainly a function
  Address,  // its address is taken: a function, or data
};

struct DynamicSymbols {
  std::set<std::string> defined;
  std::map<std::string, Use> undefined;  // weak ones excepted
};

// Throws Failure for what is no 64-bit x86 shared object.
DynamicSymbols ReadDynamicSymbols(const std::filesystem::path& file);

}  // namespace ring3::cc

#endif
