// SPDX-License-Identifier: MIT
#pragma once

#include "base/boot_options.h"
#include "base/leak_report.h"
#include "base/result.h"

namespace ring3::hal {

Status Initialize(const BootOptions& options);
void Shutdown(LeakReport& report);

}  // namespace ring3::hal
