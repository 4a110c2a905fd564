// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>

#include <exception>

#include "cli/run.h"

int main(int argc, char** argv) {
  CLI::App app{"Run Windows kernel drivers and their clients on Linux"};
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);

  ring3::cli::RunOptions run;
  CLI::App* const run_command = app.add_subcommand("run", "Boot the executive, load drivers, run a client, unload");
  run_command->add_option("--driver", run.drivers, "Driver built by ring3-cc; may be repeated")->check(CLI::ExistingFile);
  run_command->add_option("--registry", run.registry_file, "Plain-text registry; written back when it changes");
  run_command->add_option("--system-drive", run.system_drive, "Directory that C: stands for (default: /)")
      ->check(CLI::ExistingDirectory);
  run_command->add_flag("--verbose,-v", run.verbose, "Show DbgPrint and the error log");
  run_command->add_flag("--special-pool", run.special_pool, "End every pool block at a guard page");
  run_command->add_flag("--embedded", run.embedded, "Executive and client in one process");
  run_command->add_flag("--fail-on-leaks", run.fail_on_leaks, "Exit with status 87 when something was left over");
  run_command->add_option("client", run.client, "The client and its arguments, after --")->required();
  run_command->positionals_at_end();

  CLI11_PARSE(app, argc, argv);
  return ring3::cli::Run(run);
}
