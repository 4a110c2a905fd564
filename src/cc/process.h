// SPDX-License-Identifier: MIT
// Programs that ring3-cc runs, and the folder of its temporary files.
#ifndef RING3_CC_PROCESS_H
#define RING3_CC_PROCESS_H

#include <filesystem>
#include <string>
#include <vector>

namespace ring3::cc {

struct ProcessResult {
  int exit_code = 0;
  std::string errors;  // standard error, where it was captured
};

enum class StandardError { Inherit, Capture };

// Blocks until the program ends. Throws Failure when it cannot be started; a death by signal is exit code 128
// + signal.
ProcessResult RunProcess(const std::vector<std::string>& command,
                         StandardError standard_error = StandardError::Inherit);

// What ends ring3-cc with one line on standard error.
struct Failure {
  std::string message;
  int exit_code = 1;
};

// A folder of its own, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& Path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string ReadFile(const std::filesystem::path& path);
void WriteFile(const std::filesystem::path& path, const std::string& text);

}  // namespace ring3::cc

#endif
