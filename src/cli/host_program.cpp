// SPDX-License-Identifier: MIT
#include "cli/host_program.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "host/control_text.h"
#include "os/process.h"
#include "transport/messages.h"

namespace ring3::cli {
namespace {

using nlohmann::json;

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RING3_THREAD_SANITIZER 1
#endif
#endif
#if RING3_THREAD_SANITIZER
// Its runtime wants memory where Linux usually has it.
constexpr auto kLayout = os::ProgramStart::Layout::kUsual;
#else
constexpr auto kLayout = os::ProgramStart::Layout::kOutOfTheWay;
#endif

// The sanitizer that `driver` is built with; empty: none. Only a program can bring its runtime.
std::string SanitizerOf(const std::string& driver) {
  std::ifstream file(driver, std::ios::binary);
  const std::string contents((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  struct {
    const char* symbol;
    const char* sanitizer;
  } constexpr kSymbols[] = {{"__asan_init", "address"}, {"__ubsan_handle_", "undefined"}};
  for (const auto& [symbol, sanitizer] : kSymbols) {
    if (contents.find(symbol) != contents.npos) return sanitizer;
  }
  return {};
}

std::string ProgramFor(const ExecutiveOptions& options) {
  const std::filesystem::path folder = std::filesystem::path(os::ExecutablePath()).parent_path();
  std::string sanitizer = options.sanitizer;
  for (const std::string& driver : options.drivers) {
    if (sanitizer.empty()) sanitizer = SanitizerOf(driver);
  }
  const std::string plain = (folder / "ring3-host").string();
  if (sanitizer.empty()) return plain;
  // Where Ring3 itself is built with a sanitizer there is none beside.
  std::error_code ignored;
  const std::string program = plain + "-" + sanitizer;
  return std::filesystem::exists(program, ignored) ? program : plain;
}

std::vector<std::string> CommandOf(const ExecutiveOptions& options, const std::string& name,
                                   const std::string& socket_path, int descriptor) {
  std::vector<std::string> command = {ProgramFor(options),
                                      "--name",
                                      name,
                                      "--socket",
                                      socket_path,
                                      "--system-drive",
                                      Absolute(options.system_drive),
                                      "--starter-descriptor",
                                      std::to_string(descriptor),
                                      "--stop-with-starter"};
  for (const std::string& driver : options.drivers)
    command.insert(command.end(), {"--driver", Absolute(driver)});
  if (!options.registry_file.empty()) {
    command.insert(command.end(), {"--registry", Absolute(options.registry_file)});
  }
  if (options.verbose) command.push_back("--verbose");
  if (options.special_pool) command.push_back("--special-pool");
  if (options.fail_on_leaks) command.push_back("--fail-on-leaks");
  return command;
}

json Parsed(const std::string& text) {
  return json::parse(text, nullptr, /*allow_exceptions=*/false);
}

}  // namespace

int HostProgram::BringUp(const ExecutiveOptions& options, const std::string& name,
                         const std::string& socket_path, os::SignalQueue& signals) {
  if (!Start(options, name, socket_path)) return kRing3Failed;
  int signal = 0;
  switch (AwaitReady(signals, &signal)) {
    case Outcome::kReady:
      return 0;
    case Outcome::kEnded: {
      const int status = Wait();
      return status == 0 ? static_cast<int>(kRing3Failed) : status;
    }
    case Outcome::kInterrupted:
      break;
  }
  return kClientKilled + signal;
}

bool HostProgram::Start(const ExecutiveOptions& options, const std::string& name,
                        const std::string& socket_path) {
  socket_path_ = socket_path;
  os::LocalSocket theirs;
  if (!os::LocalSocket::MakePair(&socket_, &theirs)) {
    fmt::print(stderr, "ring3: no socket for the host\n");
    return false;
  }
  os::ProgramStart start;
  start.command = CommandOf(options, name, socket_path, theirs.descriptor());
  // Its own affairs do not come from the environment.
  start.environment = {AddressSanitizerOptions(), "RING3_EMBEDDED", transport::kHostVariable,
                       transport::kPrivateHostVariable};
  start.passed_descriptor = theirs.descriptor();
  start.layout = kLayout;
  std::string error;
  process_ = os::ChildProcess::Start(start, &error, nullptr);
  if (!process_.valid()) fmt::print(stderr, "ring3: cannot run {}: {}\n", start.command.front(), error);
  return process_.valid();
}

HostProgram::Outcome HostProgram::AwaitReady(os::SignalQueue& signals, int* signal) {
  // Before it is ready it may be in a DriverEntry that does not return.
  const int ready =
      os::WaitForDescriptor({socket_.descriptor(), process_.descriptor(), signals.descriptor()});
  if (ready == 2) {
    *signal = signals.Next();
    process_.Signal(SIGKILL);
    return Outcome::kInterrupted;
  }
  std::string text;
  if (ready == 0 && host::ReceiveControlText(socket_, &text)) {
    const json message = Parsed(text);
    if (message.is_object() && message.value("ready", json()) == true) return Outcome::kReady;
  }
  return Outcome::kEnded;
}

json HostProgram::Ask(const json& request) {
  std::string text;
  if (!host::SendControlText(socket_, request.dump()) || !host::ReceiveControlText(socket_, &text))
    return nullptr;
  return Parsed(text);
}

void HostProgram::Stop() {
  // Where it has ended already, so much the better.
  host::SendControlText(socket_, json{{"command", "stop"}}.dump());
}

int HostProgram::Wait() {
  const os::ProgramEnd end = process_.Wait();
  // After a bug check nobody has taken the socket away.
  os::LocalSocket::RemoveDead(socket_path_);
  if (end.signal == 0) return end.exit_status;
  fmt::print(stderr, "ring3: the host was ended by signal {} ({})\n", end.signal, end.signal_name);
  return kClientKilled + end.signal;
}

}  // namespace ring3::cli
