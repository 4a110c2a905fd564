// SPDX-License-Identifier: MIT
#pragma once

#include "base/leak_report.h"

namespace ring3::ke {

// Reports, and forgets, callbacks that are still registered.
void ReportCallbacks(LeakReport& report);

}  // namespace ring3::ke
