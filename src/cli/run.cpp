// SPDX-License-Identifier: MIT
#include "cli/run.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "os/process.h"

namespace ring3::cli {
namespace {

// Paths travel as absolute ones: the client may change its directory.
std::string Absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

// For a client that is built with AddressSanitizer. LeakSanitizer looks before the executive is down and does
// not know simulated RAM as a place where pointers are kept; fake stacks are not put aside for a filter. What
// the user says prevails.
std::string AddressSanitizerOptions() {
  const char* const user = std::getenv("ASAN_OPTIONS");
  return std::string("ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0:") +
         (user != nullptr ? user : "");
}

std::vector<std::string> EnvironmentOf(const RunOptions& options) {
  std::vector<std::string> environment = {
      "RING3_EMBEDDED=1", "RING3_SYSTEM_DRIVE=" + Absolute(options.system_drive), AddressSanitizerOptions()};
  std::string drivers;
  for (const std::string& driver : options.drivers) drivers += Absolute(driver) + "\n";
  environment.push_back("RING3_DRIVERS=" + drivers);
  if (!options.registry_file.empty())
    environment.push_back("RING3_REGISTRY=" + Absolute(options.registry_file));
  if (options.verbose) environment.push_back("RING3_VERBOSE=1");
  if (options.special_pool) environment.push_back("RING3_SPECIAL_POOL=1");
  if (options.fail_on_leaks) environment.push_back("RING3_FAIL_ON_LEAKS=1");
  return environment;
}

}  // namespace

int Run(const RunOptions& options) {
  const std::string& client = options.client.front();
  const os::RunResult result = os::RunProgram(options.client, EnvironmentOf(options), "RING3_STARTED_FD");
  if (!result.error.empty()) {
    fmt::print(stderr, "ring3: cannot run {}: {}\n", client, result.error);
    if (result.not_found && client.find('/') == client.npos && std::filesystem::exists(client)) {
      fmt::print(stderr, "    A program of the current directory is named ./{}\n", client);
    }
    return result.not_found ? kClientNotFound : kClientNotRunnable;
  }
  if (!result.notified) {
    fmt::print(stderr,
               "ring3: {} ran without an executive, and no driver was loaded: it is not a program that\n"
               "    ring3-cc --app -o PROGRAM SOURCE...\n"
               "built, and started none\n",
               client);
  }
  if (result.signal != 0) {
    fmt::print(stderr, "ring3: {} was ended by signal {} ({})\n", client, result.signal, result.signal_name);
    return kClientKilled + result.signal;
  }
  return result.notified ? result.exit_status : kClientNotRunnable;
}

}  // namespace ring3::cli
