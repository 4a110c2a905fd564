// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace ring3::os {

// The calling process' directory and program, as absolute host paths. Do not block.
int CurrentProcessId();
std::string CurrentDirectory();
std::string ExecutablePath();
// Its arguments, the program's name first. Does not block.
std::vector<std::string> CommandLine();

// Tells the RunProgram (os/child_process.h) that started this process, once. Does not block.
void NotifyStarter(const char* notice_variable);

// Calls these around every fork of this process: before it, and before it returns in the parent and in the
// child. Any may be null. Does not block.
void CallAroundForks(void (*before)(), void (*in_parent)(), void (*in_child)());

// Lets another process read and write this one's memory (Yama would refuse). Does not block.
void LetInspect(int process_id);

// This process may have as many descriptors open as its limits can be raised to. Does not block.
void AllowManyDescriptors();

// The calling thread takes no signal but those of its own faults. Does not block.
void BlockApplicationSignals();

}  // namespace ring3::os
