// SPDX-License-Identifier: MIT
#pragma once

#include "base/leak_report.h"

namespace ring3::io {

// Device interfaces and notifications of this boot go.
void ReleasePlugAndPlay(LeakReport& report);

}  // namespace ring3::io
