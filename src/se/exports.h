// SPDX-License-Identifier: MIT
#pragma once

namespace ring3::se {

// Fills what SeExports points at.
void FillExports();

}  // namespace ring3::se
