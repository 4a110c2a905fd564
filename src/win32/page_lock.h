// SPDX-License-Identifier: MIT
#pragma once

#include "win32/win32.h"

namespace ring3::win32 {

// Memory that was freed or decommitted is locked no longer.
void ForgetLockedPages(LPCVOID address, SIZE_T byte_count);

}  // namespace ring3::win32
