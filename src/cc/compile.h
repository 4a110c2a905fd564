// SPDX-License-Identifier: MIT
#ifndef RING3_CC_COMPILE_H
#define RING3_CC_COMPILE_H

#include <filesystem>

#include "cc/command_line.h"
#include "cc/process.h"
#include "cc/source_layout.h"
#include "cc/toolchain.h"

namespace ring3::cc {

// Turns the sources of a command line into objects.
class Compiler {
 public:
  // All three must outlive the compiler. The sources are read here, for their include names.
  Compiler(const CommandLine& line, const Toolchain& toolchain, const TemporaryFolder& work);

  // Throws Failure without a message when clang has said what is wrong.
  void Compile(const Input& input, const std::filesystem::path& object);
  void Preprocess(const Input& input, const std::filesystem::path& output,
                  const std::filesystem::path& object);

 private:
  bool IsUserFile(std::string_view name) const;
  // Returns the overlay that puts the files where they belong.
  std::filesystem::path WriteLayout(const SourceLayout& layout) const;

  const CommandLine& line_;
  const Toolchain& toolchain_;
  const TemporaryFolder& work_;
  std::filesystem::path overlay_;  // empty when no name has to be mended
  std::vector<std::string> system_prefixes_;
};

}  // namespace ring3::cc

#endif
