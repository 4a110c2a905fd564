// SPDX-License-Identifier: MIT
// Where Ring3's headers and libraries are, and which clang compiles against them.
#ifndef RING3_CC_TOOLCHAIN_H
#define RING3_CC_TOOLCHAIN_H

#include <filesystem>
#include <string>
#include <vector>

#include "cc/command_line.h"

namespace ring3::cc {

class Toolchain {
 public:
  // From ring3-cc.cfg beside the program (a build tree) or in ../share/ring3 (an installation).
  static Toolchain Find();

  std::string Clang(Language language) const;
  // Folders of ours, in search order.
  std::vector<std::filesystem::path> SdkFolders(Product product) const;
  const std::filesystem::path& Libraries() const { return libraries_; }
  // What this Ring3 was built with, and so must be everything in its process: empty or the value of
  // -fsanitize=.
  const std::string& Sanitizer() const { return sanitizer_; }

  std::vector<std::string> PreprocessorFlags(const CommandLine& line, Language language) const;
  std::vector<std::string> CompilerFlags(const CommandLine& line, Language language) const;

 private:
  std::string clang_;
  std::filesystem::path include_, libraries_;
  std::string sanitizer_;
};

}  // namespace ring3::cc

#endif
