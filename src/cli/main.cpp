// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>

#include <memory>
#include <string>

#include "cli/run.h"

namespace {

constexpr const char* kFooter = R"(
Example:
  ring3-cc -o toaster.sys toaster.c
  ring3-cc --app -o client client.c
  ring3 run --driver toaster.sys -- ./client

Exit status of `ring3 run`:
  the client's own, or
  86    after a bug check
  87    something was left over (with --fail-on-leaks)
  125   Ring3 could not do its part: wrong options, a driver that is missing or does not load
  126   the client cannot be run, or is no program that ring3-cc built
  127   the client was not found
  128+n the client was ended by signal n)";

class Formatter : public CLI::Formatter {
  std::string make_usage(const CLI::App* app, std::string) const override {
    return app->get_parent() == nullptr
               ? "Usage: ring3 COMMAND [OPTIONS]\n"
               : "Usage: ring3 run [OPTIONS] [--driver FILE]... -- CLIENT [ARGUMENTS]\n";
  }
};

void AddRun(CLI::App& app, ring3::cli::RunOptions& run) {
  CLI::App* const command =
      app.add_subcommand("run", "Boot the executive, load drivers, run a client, unload");
  command->footer(kFooter);
  command
      ->add_option("--driver", run.drivers, "Driver built by ring3-cc; may be repeated, loaded in this order")
      ->option_text("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::ExistingFile);
  command->add_option("--registry", run.registry_file, "Plain-text registry; written back when it changes")
      ->option_text("FILE");
  command->add_option("--system-drive", run.system_drive, "Directory that C: stands for (default: /)")
      ->option_text("DIRECTORY")
      ->check(CLI::ExistingDirectory);
  command->add_flag("--verbose,-v", run.verbose, "Show DbgPrint and the error log");
  command->add_flag("--special-pool", run.special_pool, "End every pool block at a guard page");
  command->add_flag("--embedded", run.embedded, "Executive and client in one process (the default)");
  command->add_flag("--fail-on-leaks", run.fail_on_leaks, "Exit with status 87 when something was left over");
  command->add_option("client", run.client, "The client and its arguments, after --")
      ->option_text(" ")
      ->required();
  command->positionals_at_end();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Run Windows kernel drivers and their clients on Linux", "ring3"};
  app.formatter(std::make_shared<Formatter>());
  app.footer(kFooter);
  app.set_version_flag("--version", "ring3 " RING3_VERSION, "Print the version and exit");
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);

  ring3::cli::RunOptions run;
  AddRun(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : ring3::cli::kRing3Failed;
  }
  return ring3::cli::Run(run);
}
