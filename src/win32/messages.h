// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

#include <string_view>

namespace ring3::win32 {

// The system's text for a Win32 error code, without the line end that FormatMessage adds; empty where there
// is none.
std::string_view SystemMessage(DWORD code);

}  // namespace ring3::win32
