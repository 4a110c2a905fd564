// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "cli/arguments.h"

namespace ring3::cli {

struct HostOptions {
  ExecutiveOptions executive;
  std::string name;
};

// `ring3 host`: keeps a host up until it is told to stop, by `ring3 stop` or a signal. Returns the host's
// exit status.
int Host(const HostOptions& options);

}  // namespace ring3::cli
