// SPDX-License-Identifier: MIT
// ring3-host: the process that an executive and its drivers are in. `ring3 run` and `ring3 host` start it.
#include <CLI/CLI.hpp>

#include <csignal>
#include <string>
#include <vector>

#include "host/control_text.h"
#include "host/host.h"
#include "os/child_process.h"
#include "os/first_stack.h"
#include "os/libc_heap.h"
#include "os/local_socket.h"
#include "os/thread.h"

namespace {

constexpr int kWrongOptions = 125;
[[maybe_unused]] constexpr size_t kStackBytes = size_t{64} << 20;

struct Options {
  std::string name = "default";
  std::string socket_path;
  std::vector<std::string> drivers;
  std::string registry_file;
  std::string system_drive = "/";
  int starter_descriptor = -1;
  bool stop_with_starter = false;
  bool verbose = false;
  bool special_pool = false;
  bool fail_on_leaks = false;
};

void Add(CLI::App& app, Options& options) {
  app.add_option("--name", options.name, "As `ring3 list` shows it");
  app.add_option("--socket", options.socket_path, "Where applications and `ring3` connect")->required();
  app.add_option("--driver", options.drivers, "Driver to load; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--registry", options.registry_file, "Plain-text registry");
  app.add_option("--system-drive", options.system_drive, "Directory that C: stands for");
  app.add_option("--starter-descriptor", options.starter_descriptor,
                 "Socket of the program that starts this one");
  app.add_flag("--stop-with-starter", options.stop_with_starter, "End when that socket's other end closes");
  app.add_flag("--verbose,-v", options.verbose, "Show DbgPrint and the error log");
  app.add_flag("--special-pool", options.special_pool, "End every pool block at a guard page");
  app.add_flag("--fail-on-leaks", options.fail_on_leaks, "Exit with status 87 when something was left over");
}

// SIGTERM, and without a starter SIGHUP and SIGINT: the host stops as `ring3 stop` would have it stop. A
// second one, while that lasts or a DriverEntry does not return, ends it at once.
class StopOnSignals {
 public:
  explicit StopOnSignals(const Options& options)
      : socket_path_(options.socket_path), signals_(SignalsOf(options)) {
    ring3::Result<ring3::os::Thread> thread = ring3::os::Thread::Create("signals", Run, this);
    if (thread.ok()) thread.value().Detach();
  }

 private:
  static std::vector<int> SignalsOf(const Options& options) {
    if (options.starter_descriptor < 0) return {SIGTERM, SIGHUP, SIGINT};
    // What comes from a terminal reaches the starter too, which decides.
    std::signal(SIGHUP, SIG_IGN);
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGQUIT, SIG_IGN);
    return {SIGTERM};
  }

  int AwaitSignal() {
    for (;;) {
      if (const int signal = signals_.Await(); signal != 0) return signal;
    }
  }

  static void Run(void* opaque) {
    auto* const self = static_cast<StopOnSignals*>(opaque);
    int signal = self->AwaitSignal();
    std::string error;
    // Stays open: whoever hangs up is not listened to.
    const ring3::os::LocalSocket socket = ring3::os::LocalSocket::Connect(self->socket_path_, &error);
    if (socket.valid() && ring3::host::SendControlText(socket, R"({"command": "stop"})"))
      signal = self->AwaitSignal();
    std::_Exit(128 + signal);
  }

  const std::string socket_path_;
  ring3::os::SignalQueue signals_;
};

int RunHost(void* opaque) {
  const Options& options = *static_cast<const Options*>(opaque);
  std::vector<const char*> drivers;
  for (const std::string& driver : options.drivers) drivers.push_back(driver.c_str());
  drivers.push_back(nullptr);
  // Not destroyed: its thread lives as long as the process.
  new StopOnSignals(options);
  Ring3HostOptions plain = {};
  plain.name = options.name.c_str();
  plain.socket_path = options.socket_path.c_str();
  plain.starter_descriptor = options.starter_descriptor;
  plain.stop_with_starter = options.stop_with_starter;
  plain.drivers = drivers.data();
  plain.registry_file = options.registry_file.c_str();
  plain.system_drive_directory = options.system_drive.c_str();
  plain.verbose = options.verbose;
  plain.special_pool = options.special_pool;
  plain.fail_on_leaks = options.fail_on_leaks;
  return Ring3RunHost(&plain);
}

}  // namespace

int main(int argc, char** argv) {
#if RING3_LIBC_HEAP
  ring3::os::ReleaseSanitizerHeap();
#endif
  CLI::App app{"Keeps an executive and its drivers; started by `ring3`", "ring3-host"};
  app.failure_message(CLI::FailureMessage::simple);
  // The process outlives this function's stack.
  auto* const options = new Options;
  Add(app, *options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongOptions;
  }
#if RING3_KEEPS_FIRST_STACK
  return RunHost(options);
#else
  ring3::os::LeaveFirstStack(argv, RunHost, options, kStackBytes);
#endif
}
