// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace ring3::os {

// The calling process' directory and program, as absolute host paths. Do not block.
std::string CurrentDirectory();
std::string ExecutablePath();

struct RunResult {
  // How the program ended: an exit status, or the signal that killed it (with its name).
  int exit_status = 0;
  int signal = 0;
  std::string signal_name;
  // Why it could not be started; empty when it was.
  std::string error;
  bool not_found = false;
};

// Runs `command` (program, found through PATH, and arguments) with `environment` ("NAME=value") added to this process' and
// waits for it to end. Interrupts from the terminal go to the program.
RunResult RunProgram(const std::vector<std::string>& command, const std::vector<std::string>& environment);

}  // namespace ring3::os
