// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace ring3::cli {

// What `ring3` ends with when it is not with the client's own status.
enum ExitStatus : int {
  kBugCheck = 86,
  kLeaked = 87,              // with --fail-on-leaks
  kRing3Failed = 125,        // wrong options, no executive, a driver that is missing or does not load
  kClientNotRunnable = 126,  // not a program, or not one that ring3-cc built
  kClientNotFound = 127,
  kClientKilled = 128,  // and the signal's number
};

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

// Runs the client in an executive of its own. Returns the client's exit status, or an ExitStatus with the
// reason printed.
int Run(const RunOptions& options);

}  // namespace ring3::cli
