// SPDX-License-Identifier: MIT
#pragma once

#include "base/leak_report.h"

namespace ring3::ex {

// Forgets the event providers that are still registered, and reports them.
void ShutdownEventTracing(LeakReport& leaks);

}  // namespace ring3::ex
