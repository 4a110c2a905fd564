// SPDX-License-Identifier: MIT
#include "cli/run.h"

#include <filesystem>

#include <fmt/format.h>

#include "os/process.h"

namespace ring3::cli {
namespace {

// Paths travel as absolute ones: the client may change its directory.
std::string Absolute(const std::string& path) { return std::filesystem::absolute(path).lexically_normal().string(); }

}  // namespace

int Run(const RunOptions& options) {
  std::vector<std::string> environment = {"RING3_EMBEDDED=1", "RING3_SYSTEM_DRIVE=" + Absolute(options.system_drive)};
  std::string drivers;
  for (const std::string& driver : options.drivers) drivers += Absolute(driver) + "\n";
  environment.push_back("RING3_DRIVERS=" + drivers);
  if (!options.registry_file.empty()) environment.push_back("RING3_REGISTRY=" + Absolute(options.registry_file));
  if (options.verbose) environment.push_back("RING3_VERBOSE=1");
  if (options.special_pool) environment.push_back("RING3_SPECIAL_POOL=1");
  if (options.fail_on_leaks) environment.push_back("RING3_FAIL_ON_LEAKS=1");

  const os::RunResult result = os::RunProgram(options.client, environment);
  if (!result.error.empty()) {
    fmt::print(stderr, "ring3: cannot run {}: {}\n", options.client.front(), result.error);
    return result.not_found ? 127 : 126;
  }
  if (result.signal != 0) {
    fmt::print(stderr, "ring3: {} was ended by signal {} ({})\n", options.client.front(), result.signal,
               result.signal_name);
    return 128 + result.signal;
  }
  return result.exit_status;
}

}  // namespace ring3::cli
