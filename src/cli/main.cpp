// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>

#include <memory>
#include <string>

#include "cli/control.h"
#include "cli/host.h"
#include "cli/run.h"

namespace {

constexpr const char* kFooter = R"(
Example:
  ring3-cc -o toaster.sys toaster.c
  ring3-cc --app -o client client.c
  ring3 run --driver toaster.sys -- ./client

Exit status of `ring3 run`:
  the client's own, or
  86    after a bug check, or when somebody has stopped the host
  87    something was left over (with --fail-on-leaks)
  125   Ring3 could not do its part: wrong options, a driver that is missing or does not load
  126   the client cannot be run, or is no program that ring3-cc built
  127   the client was not found
  128+n the client was ended by signal n)";

constexpr const char* kHostFooter = R"(
Example:
  ring3 host --name bench --driver toaster.sys &
  RING3_HOST=bench ./client          a client built by ring3-cc
  ring3 run --host bench -- ./client the same, with `ring3 run`'s exit status
  ring3 list --host bench
  ring3 stop --host bench

Where `ring3 load`, `unload`, `list` or `stop` is not given --host, RING3_HOST names the host, or else it is the one
called default. `ring3 run` without --host has a host of its own.)";

std::string UsageOf(const std::string& command) {
  if (command == "run") return "Usage: ring3 run [OPTIONS] [--driver FILE]... -- CLIENT [ARGUMENTS]\n";
  if (command == "host") return "Usage: ring3 host [--name NAME] [OPTIONS] [--driver FILE]...\n";
  if (command == "load") return "Usage: ring3 load [--host NAME] [--service SERVICE] FILE\n";
  if (command == "unload") return "Usage: ring3 unload [--host NAME] SERVICE\n";
  if (command == "list") return "Usage: ring3 list [--host NAME] [--json]\n";
  if (command == "stop") return "Usage: ring3 stop [--host NAME]\n";
  return "Usage: ring3 COMMAND [OPTIONS]\n";
}

class Formatter : public CLI::Formatter {
  std::string make_usage(const CLI::App* app, std::string) const override {
    return UsageOf(app->get_parent() == nullptr ? "" : app->get_name());
  }
};

void AddExecutiveOptions(CLI::App& command, ring3::cli::ExecutiveOptions& options) {
  command
      .add_option("--driver", options.drivers,
                  "Driver built by ring3-cc; may be repeated, loaded in this order")
      ->option_text("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::ExistingFile);
  command
      .add_option("--registry", options.registry_file, "Plain-text registry; written back when it changes")
      ->option_text("FILE");
  command.add_option("--system-drive", options.system_drive, "Directory that C: stands for (default: /)")
      ->option_text("DIRECTORY")
      ->check(CLI::ExistingDirectory);
  command
      .add_option("--sanitizer", options.sanitizer,
                  "Host for drivers built with it (default: as --driver's are)")
      ->option_text("address|undefined")
      ->check(CLI::IsMember({"address", "undefined"}));
  command.add_flag("--verbose,-v", options.verbose, "Show DbgPrint and the error log");
  command.add_flag("--special-pool", options.special_pool, "End every pool block at a guard page");
  command.add_flag("--fail-on-leaks", options.fail_on_leaks,
                   "Exit with status 87 when something was left over");
}

CLI::App* AddRun(CLI::App& app, ring3::cli::RunOptions& run) {
  CLI::App* const command =
      app.add_subcommand("run", "Boot an executive, load drivers, run a client, unload");
  command->footer(kFooter);
  AddExecutiveOptions(*command, run.executive);
  command->add_option("--host", run.host, "Join a host that is up instead (`ring3 host`)")
      ->option_text("NAME");
  command->add_flag("--embedded", run.embedded, "Executive and client in one process");
  command->add_option("client", run.client, "The client and its arguments, after --")
      ->option_text(" ")
      ->required();
  command->positionals_at_end();
  return command;
}

CLI::App* AddHost(CLI::App& app, ring3::cli::HostOptions& host) {
  CLI::App* const command = app.add_subcommand("host", "Keep an executive up for any number of clients");
  command->footer(kHostFooter);
  command->add_option("--name", host.name, "The host's name (default: default)")->option_text("NAME");
  AddExecutiveOptions(*command, host.executive);
  return command;
}

// What the commands that talk to a host are told.
struct ControlOptions {
  std::string host;
  std::string driver;
  std::string service;
  bool json = false;
};

CLI::App* AddControl(CLI::App& app, const char* name, const char* description, ControlOptions& options) {
  CLI::App* const command = app.add_subcommand(name, description);
  command->footer(kHostFooter);
  command->add_option("--host", options.host, "The host: its name, or its socket")->option_text("NAME");
  return command;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace ring3::cli;
  CLI::App app{"Run Windows kernel drivers and their clients on Linux", "ring3"};
  app.formatter(std::make_shared<Formatter>());
  app.footer(kFooter);
  app.set_version_flag("--version", "ring3 " RING3_VERSION, "Print the version and exit");
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);

  RunOptions run_options;
  HostOptions host_options;
  ControlOptions options;
  CLI::App* const run = AddRun(app, run_options);
  CLI::App* const host = AddHost(app, host_options);
  CLI::App* const load = AddControl(app, "load", "Load a driver into a host", options);
  load->add_option("driver", options.driver, "The driver")
      ->option_text("FILE")
      ->required()
      ->check(CLI::ExistingFile);
  load->add_option("--service", options.service,
                   "Its service's name (default: the file's, without extension)")
      ->option_text("SERVICE");
  CLI::App* const unload = AddControl(app, "unload", "Unload a driver from a host", options);
  unload->add_option("service", options.service, "The driver's service")->option_text("SERVICE")->required();
  CLI::App* const list =
      AddControl(app, "list", "Show drivers, devices, processes, handles and shared memory", options);
  list->add_flag("--json", options.json, "As JSON");
  CLI::App* const stop = AddControl(app, "stop", "End a host and its clients", options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kRing3Failed;
  }
  if (run->parsed()) return Run(run_options);
  if (host->parsed()) return Host(host_options);
  if (load->parsed()) return Load(options.host, options.driver, options.service);
  if (unload->parsed()) return Unload(options.host, options.service);
  if (list->parsed()) return List(options.host, options.json ? ListFormat::kJson : ListFormat::kTable);
  if (stop->parsed()) return Stop(options.host);
  return kRing3Failed;
}
