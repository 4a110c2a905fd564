// SPDX-License-Identifier: MIT
#pragma once

namespace ring3::hal {

// The simulated I/O ports read as all ones until something is written to them, like an empty bus.
void ResetPorts();

}  // namespace ring3::hal
