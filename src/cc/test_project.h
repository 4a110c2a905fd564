// SPDX-License-Identifier: MIT
// A folder of sources, written by a test and compiled by the ring3-cc of this build.
#ifndef RING3_CC_TEST_PROJECT_H
#define RING3_CC_TEST_PROJECT_H

#include <filesystem>
#include <string>
#include <vector>

#include "cc/process.h"

namespace ring3::cc {

class TestProject {
 public:
  void Write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = Path(name);
    std::filesystem::create_directories(path.parent_path());
    WriteFile(path, text);
  }
  std::filesystem::path Path(const std::string& name) const { return folder_.Path() / name; }

  // Arguments that name a file of the project are written "@name".
  ProcessResult Run(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command = {RING3_CC_PROGRAM};
    for (const std::string& argument : arguments) {
      const size_t at = argument.find('@');
      command.push_back(at == std::string::npos
                            ? argument
                            : argument.substr(0, at) + Path(argument.substr(at + 1)).string());
    }
    return RunProcess(command, StandardError::Capture);
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace ring3::cc

#endif
