// SPDX-License-Identifier: MIT
#pragma once

#include <winternl.h>

#include "nt/services.h"

namespace ring3::transport {

// The services of the host that this process is connected to.
extern const Ring3NtServices kHostServices;

}  // namespace ring3::transport
