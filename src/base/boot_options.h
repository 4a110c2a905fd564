// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace ring3 {

// What the executive is booted with. Every component reads its own part in its Initialize.
struct BootOptions {
  // Bytes of simulated physical memory; sparse, so that what is not used costs nothing.
  uint64_t ram_byte_count = uint64_t{64} << 30;
  // The registry's plain-text store; empty: an empty registry that is not written back.
  std::string registry_file;
  // The directory that \??\C: stands for, for drivers that open files; empty: no file system.
  std::string system_drive_directory;
  // DbgPrint and error-log entries go to standard error.
  bool verbose = false;
  // The booting process is an application too. Otherwise applications come in processes of their own.
  bool embedded = true;
  // Every pool block ends at a guard page, and freed blocks stay inaccessible.
  bool special_pool = false;
};

}  // namespace ring3
