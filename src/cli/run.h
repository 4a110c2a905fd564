// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace ring3::cli {

struct RunOptions {
  std::vector<std::string> drivers;
  std::string registry_file;
  std::string system_drive = "/";
  std::vector<std::string> client;
  bool verbose = false;
  bool special_pool = false;
  bool embedded = true;
  bool fail_on_leaks = false;
};

// Runs the client in an executive of its own and returns the client's exit status; 86 after a bug check, 128 + the signal's
// number when the client was killed, 126 or 127 when it could not be started.
int Run(const RunOptions& options);

}  // namespace ring3::cli
