// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

#include <cstdint>

namespace ring3::host {

// Calls the executive's service with this number (its place in RING3_NT_SERVICES), the calling thread being
// the application's. STATUS_INVALID_SYSTEM_SERVICE where there is none.
NTSTATUS DispatchService(uint32_t service, const uint64_t* arguments);

}  // namespace ring3::host
