// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

#include <string>

namespace ring3::boot {

// Why a driver was not loaded, for its user; the loader's own message, where there is one, has been printed.
std::string LoadReason(NTSTATUS status, const std::string& path);

}  // namespace ring3::boot
