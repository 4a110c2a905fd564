// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/arguments.h"
#include "os/child_process.h"
#include "os/local_socket.h"

namespace ring3::cli {

// A host that this process has started: the program ring3-host, which lies beside `ring3`.
class HostProgram {
 public:
  // Starts it and waits until applications may connect. Zero, or the exit status of `ring3` with the reason
  // printed: it could not be started, has ended, or a signal of the queue came, and it was killed.
  int BringUp(const ExecutiveOptions& options, const std::string& name, const std::string& socket_path,
              os::SignalQueue& signals);

  // A control request (host/control.h); null when the host has ended.
  nlohmann::json Ask(const nlohmann::json& request);
  // Tells the host to end, and does not wait.
  void Stop();

  os::ChildProcess& process() { return process_; }
  // Waits for its end. What it means as an exit status of `ring3`; an end by a signal is printed.
  int Wait();

 private:
  enum class Outcome : uint8_t { kReady, kEnded, kInterrupted };
  bool Start(const ExecutiveOptions& options, const std::string& name, const std::string& socket_path);
  Outcome AwaitReady(os::SignalQueue& signals, int* signal);

  std::string socket_path_;
  os::ChildProcess process_;
  os::LocalSocket socket_;
};

}  // namespace ring3::cli
