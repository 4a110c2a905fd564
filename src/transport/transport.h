// SPDX-License-Identifier: MIT
#pragma once

#include <winternl.h>

#include "nt/services.h"

namespace ring3::transport {

// The services of the executive that this application belongs to. The first call connects: embedded, it
// boots. Where that fails the reason has been printed and the process has ended.
const Ring3NtServices& Services();

// Tells the executive that the application ends; what it leaked is reported. Called once, at exit.
void Disconnect();

}  // namespace ring3::transport
