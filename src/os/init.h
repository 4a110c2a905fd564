// SPDX-License-Identifier: MIT
#pragma once

#include "base/boot_options.h"
#include "base/leak_report.h"
#include "base/result.h"

namespace ring3::os {

// Installs the fault handlers.
Status Initialize(const BootOptions& options);
void Shutdown(LeakReport& leaks);

}  // namespace ring3::os
