// SPDX-License-Identifier: MIT
#pragma once

#include <winternl.h>

#include "nt/services.h"

namespace ring3::transport {

// The services of the executive that this application belongs to. The first call connects: to the host that
// RING3_HOST names or, embedded, by booting. Where that fails the reason has been printed and the process has
// ended.
const Ring3NtServices& Services();

// Tells the executive that the application ends, and waits until it has been run down; embedded, the
// executive goes down and reports what is left. At exit; further calls do nothing.
void Disconnect(int exit_status);

}  // namespace ring3::transport
