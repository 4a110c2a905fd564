// SPDX-License-Identifier: MIT
// The command line of ring3-cc: that of a compiler driver, so parsed by hand.
#ifndef RING3_CC_COMMAND_LINE_H
#define RING3_CC_COMMAND_LINE_H

#include <filesystem>
#include <string>
#include <vector>

namespace ring3::cc {

enum class Product { Driver, Application };
enum class Stage { Preprocess, Compile, Link };
enum class Language { C, Cplusplus, Assembler, Object };

struct Input {
  std::filesystem::path path;
  Language language;
};

struct CommandLine {
  Product product = Product::Driver;
  Stage stage = Stage::Link;
  bool missing_is_error = false;
  bool help = false;
  std::filesystem::path output;
  std::vector<Input> inputs;
  std::vector<std::filesystem::path> include_folders;  // of the user, in order; in `preprocessing` as well
  std::vector<std::string> preprocessing;              // for the preprocessor alone
  std::vector<std::string> common;                     // for the preprocessor and the compiler
  std::vector<std::string> linking;
  std::vector<std::string> notes;  // what was left out, and why

  bool HasCommon(std::string_view prefix) const;
};

// Throws Failure on a command line that makes no sense.
CommandLine ParseCommandLine(const std::vector<std::string>& arguments);

}  // namespace ring3::cc

#endif
