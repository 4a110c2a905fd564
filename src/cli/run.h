// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"

namespace ring3::cli {

struct RunOptions {
  ExecutiveOptions executive;
  std::vector<std::string> client;
  bool embedded = false;
  std::string host;  // a name or a socket: joined instead of a host of its own; empty: none
};

// Runs the client, with an executive of its own in a process of its own; in the client's, if embedded; or as
// a client of a host that is up. Returns the client's exit status, or an ExitStatus with the reason printed.
int Run(const RunOptions& options);

}  // namespace ring3::cli
