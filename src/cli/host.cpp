// SPDX-License-Identifier: MIT
#include "cli/host.h"

#include <csignal>
#include <cstdio>

#include <fmt/format.h>

#include "cli/host_address.h"
#include "cli/host_program.h"
#include "os/child_process.h"
#include "transport/messages.h"

namespace ring3::cli {

int Host(const HostOptions& options) {
  const std::string name = options.name.empty() ? kDefaultHost : options.name;
  const std::string socket_path = SocketOf(name);
  if (socket_path.empty()) return kRing3Failed;
  os::SignalQueue signals({SIGTERM, SIGHUP, SIGINT, SIGQUIT});
  HostProgram host;
  if (const int failure = host.BringUp(options.executive, NameOf(socket_path), socket_path, signals);
      failure != 0)
    return failure;
  // As a line for a shell, whose directory may be another one later.
  const bool is_path = name.find('/') != name.npos;
  fmt::print("export {}={}  # host {} is up\n", transport::kHostVariable, is_path ? socket_path : name,
             NameOf(socket_path));
  std::fflush(stdout);
  // The first signal has it stop properly, a second one at once.
  bool told = false;
  while (os::WaitForDescriptor({host.process().descriptor(), signals.descriptor()}) == 1) {
    signals.Next();
    if (told) {
      host.process().Signal(SIGKILL);
    } else {
      host.Stop();
    }
    told = true;
  }
  return host.Wait();
}

}  // namespace ring3::cli
