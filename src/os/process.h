// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace ring3::os {

// The calling process' directory and program, as absolute host paths. Do not block.
std::string CurrentDirectory();
std::string ExecutablePath();
// Its arguments, the program's name first. Does not block.
std::vector<std::string> CommandLine();

struct RunResult {
  // How the program ended: an exit status, or the signal that killed it (with its name).
  int exit_status = 0;
  int signal = 0;
  std::string signal_name;
  // Why it could not be started; empty when it was.
  std::string error;
  bool not_found = false;
  // Whether NotifyStarter was called, by the program or by one that it started.
  bool notified = false;
};

// Runs `command` (program, found through PATH, and arguments) with `environment` ("NAME=value") added to this
// process' and waits for it to end. Interrupts from the terminal go to the program. `notice_variable` names
// the variable by which NotifyStarter finds its way back.
RunResult RunProgram(const std::vector<std::string>& command, std::vector<std::string> environment,
                     const std::string& notice_variable);

// Tells the RunProgram that started this process, once. Does not block.
void NotifyStarter(const char* notice_variable);

}  // namespace ring3::os
