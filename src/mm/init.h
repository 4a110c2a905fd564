// SPDX-License-Identifier: MIT
#pragma once

#include "base/boot_options.h"
#include "base/leak_report.h"
#include "base/result.h"

namespace ring3::mm {

// STATUS_CONFLICTING_ADDRESSES where the system reservation is taken, STATUS_INSUFFICIENT_RESOURCES where
// Linux refuses.
Status Initialize(const BootOptions& options);
void Shutdown(LeakReport& leaks);

}  // namespace ring3::mm
