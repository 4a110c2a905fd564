// SPDX-License-Identifier: MIT
#pragma once

namespace ring3::ex {

// Back to the default, whatever drivers left asked for.
void ResetTimerResolution();

}  // namespace ring3::ex
