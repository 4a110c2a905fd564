// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

#include <string>

namespace ring3::boot {

// Why Executive::LoadDriver, which returned `status` and `error`, did not load a driver; for its user.
std::string LoadReason(NTSTATUS status, const std::string& path, const std::string& error);

}  // namespace ring3::boot
