// SPDX-License-Identifier: MIT
#pragma once

#include "base/boot_options.h"
#include "base/leak_report.h"
#include "base/result.h"

namespace ring3::ex {

Status Initialize(const BootOptions& options);
// Runs what is queued to the work queues; reports pool, lookaside lists and resources that were left behind.
void Shutdown(LeakReport& leaks);

}  // namespace ring3::ex
