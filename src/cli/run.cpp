// SPDX-License-Identifier: MIT
#include "cli/run.h"

#include <csignal>
#include <filesystem>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "cli/control.h"
#include "cli/host_address.h"
#include "cli/host_program.h"
#include "os/child_process.h"
#include "os/local_socket.h"
#include "os/process.h"
#include "transport/messages.h"

namespace ring3::cli {
namespace {

using nlohmann::json;

// How long a client may take to end by itself when its host is gone.
constexpr int kGraceMilliseconds = 2000;

int ReportNotStarted(const std::string& client, const std::string& error, bool not_found) {
  fmt::print(stderr, "ring3: cannot run {}: {}\n", client, error);
  if (not_found && client.find('/') == client.npos && std::filesystem::exists(client)) {
    fmt::print(stderr, "    A program of the current directory is named ./{}\n", client);
  }
  return not_found ? kClientNotFound : kClientNotRunnable;
}

// `connected`: it had an executive.
int ReportEnd(const std::string& client, const os::ProgramEnd& end, bool connected) {
  if (!connected) {
    fmt::print(stderr,
               "ring3: {} ran without an executive, and no driver was loaded: it is not a program that\n"
               "    ring3-cc --app -o PROGRAM SOURCE...\n"
               "built, and started none\n",
               client);
  }
  if (end.signal != 0) {
    fmt::print(stderr, "ring3: {} was ended by signal {} ({})\n", client, end.signal, end.signal_name);
    return kClientKilled + end.signal;
  }
  return connected ? end.exit_status : kClientNotRunnable;
}

std::vector<std::string> EmbeddedEnvironment(const ExecutiveOptions& options) {
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

int RunEmbedded(const RunOptions& options) {
  os::ProgramStart start;
  start.command = options.client;
  start.environment = EmbeddedEnvironment(options.executive);
  const os::RunResult result = os::RunProgram(start, "RING3_STARTED_FD");
  const std::string& client = options.client.front();
  if (!result.error.empty()) return ReportNotStarted(client, result.error, result.not_found);
  return ReportEnd(client, result.end, result.notified);
}

os::ProgramStart ClientOf(const RunOptions& options, const std::string& socket_path, bool private_host) {
  os::ProgramStart start;
  start.command = options.client;
  const std::string private_variable = transport::kPrivateHostVariable;
  start.environment = {std::string(transport::kHostVariable) + "=" + socket_path, AddressSanitizerOptions(),
                       "RING3_EMBEDDED",
                       private_host ? private_variable + "=" + socket_path : private_variable};
  return start;
}

// Whether that is one: a host that has been told to stop says nothing, or that it is not ready.
bool IsAnswer(const json& answer) {
  return answer.is_object() && answer.contains("ok");
}

void ReportStopped(const std::string& client) {
  fmt::print(stderr, "ring3: somebody stopped the host while {} ran, which ends the program as well\n",
             client);
}

bool SeesClients(const json& answer, uint64_t more_than) {
  const json seen = answer.is_object() ? answer.value("seen", json()) : json();
  return seen.is_number_unsigned() && seen.get<uint64_t>() > more_than;
}

// Waits for the client, or for the host if that ends first. False: it was the host.
bool WaitForClient(os::ChildProcess& client, os::ChildProcess& host, os::SignalQueue& signals) {
  for (;;) {
    switch (os::WaitForDescriptor({client.descriptor(), host.descriptor(), signals.descriptor()})) {
      case 0:
        return true;
      case 1:
        return false;
      default:
        client.PassOn(signals.Next());
    }
  }
}

// Waits for a host that has been told to stop. A signal ends it at once.
int WaitForHost(HostProgram& host, os::SignalQueue& signals) {
  if (os::WaitForDescriptor({host.process().descriptor(), signals.descriptor()}) == 1) {
    host.process().Signal(SIGKILL);
  }
  return host.Wait();
}

constexpr std::string_view kOwnHostPrefix = "run-";

// Takes away the sockets of hosts that were killed together with their `ring3 run`.
void RemoveDeadSockets(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::vector<std::filesystem::path> sockets;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().stem().string();
    if (!name.starts_with(kOwnHostPrefix) || entry.path().extension() != ".sock") continue;
    sockets.push_back(entry.path());
  }
  for (const std::filesystem::path& path : sockets) os::LocalSocket::RemoveDead(path.string());
}

int RunWithOwnHost(const RunOptions& options) {
  const std::string name = fmt::format("{}{}", kOwnHostPrefix, os::CurrentProcessId());
  const std::string socket_path = SocketOf(name);
  if (socket_path.empty()) return kRing3Failed;
  RemoveDeadSockets(std::filesystem::path(socket_path).parent_path());
  os::SignalQueue signals({SIGTERM, SIGHUP, SIGINT, SIGQUIT});
  HostProgram host;
  if (const int failure = host.BringUp(options.executive, name, socket_path, signals); failure != 0)
    return failure;

  const std::string& program = options.client.front();
  std::string error;
  bool not_found = false;
  os::ChildProcess client =
      os::ChildProcess::Start(ClientOf(options, socket_path, /*private_host=*/true), &error, &not_found);
  if (!client.valid()) {
    const int status = ReportNotStarted(program, error, not_found);
    host.Stop();
    WaitForHost(host, signals);
    return status;
  }
  if (options.executive.verbose) {
    fmt::print(stderr, "ring3: {} is process {}, its host {}\n", program, client.process_id(),
               host.process().process_id());
  }
  if (WaitForClient(client, host.process(), signals)) {
    const os::ProgramEnd end = client.Wait();
    const json seen = host.Ask({{"command", "clients"}});
    const bool stopped = !IsAnswer(seen);
    const bool connected = stopped || SeesClients(seen, 0);
    host.Stop();
    // What the executive has to say of its end comes first, as it does embedded.
    const int host_status = WaitForHost(host, signals);
    if (host_status != 0) return host_status;
    if (stopped) ReportStopped(program);
    return ReportEnd(program, end, connected);
  }
  const int host_status = host.Wait();
  if (host_status != 0 && os::WaitForDescriptor({client.descriptor()}, kGraceMilliseconds) < 0)
    client.Signal(SIGKILL);
  const os::ProgramEnd end = client.Wait();
  if (host_status != 0) return host_status;
  ReportStopped(program);
  return ReportEnd(program, end, /*connected=*/true);
}

bool MayJoin(const RunOptions& options) {
  const ExecutiveOptions plain;
  const ExecutiveOptions& given = options.executive;
  if (!given.drivers.empty()) {
    fmt::print(stderr,
               "ring3: --driver is for a host of the client's own; into one that is up, load it before:\n"
               "    ring3 load --host {} {}\n",
               options.host, given.drivers.front());
    return false;
  }
  if (given.registry_file != plain.registry_file || given.system_drive != plain.system_drive ||
      given.sanitizer != plain.sanitizer || given.verbose || given.special_pool || given.fail_on_leaks ||
      options.embedded) {
    fmt::print(
        stderr,
        "ring3: with --host, the host is up as `ring3 host` was told: --registry, --system-drive, "
        "--sanitizer,\n"
        "    --verbose, --special-pool and --fail-on-leaks go there, and --embedded is without a host\n");
    return false;
  }
  return true;
}

int RunAsClientOf(const RunOptions& options) {
  if (!MayJoin(options)) return kRing3Failed;
  const std::string socket_path = SocketOf(options.host);
  if (socket_path.empty()) return kRing3Failed;
  const json before = AskHost(socket_path, {{"command", "clients"}});
  if (before.is_null()) return kRing3Failed;
  const os::RunResult result =
      os::RunProgram(ClientOf(options, socket_path, /*private_host=*/false), "RING3_STARTED_FD");
  const std::string& client = options.client.front();
  if (!result.error.empty()) return ReportNotStarted(client, result.error, result.not_found);
  // A host that is gone can not be asked. One that serves others too may have seen one of them.
  const json after = TryAskHost(socket_path, {{"command", "clients"}});
  const bool connected = after.is_null() || SeesClients(after, before.value("seen", uint64_t{0}));
  return ReportEnd(client, result.end, connected);
}

}  // namespace

int Run(const RunOptions& options) {
  if (!options.host.empty()) return RunAsClientOf(options);
  return options.embedded ? RunEmbedded(options) : RunWithOwnHost(options);
}

}  // namespace ring3::cli
