// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/io_ntifs.h>
#include <ddi/zw.h>

#include "nt/services.h"

// Every system service as the table has it. An application's Nt name and the Nt name that drivers call are
// two things: these are the application's.
namespace ring3::nt {

#define RING3_DECLARE_SERVICE(name, parameters) NTSTATUS name parameters;
RING3_NT_SERVICES(RING3_DECLARE_SERVICE)
#undef RING3_DECLARE_SERVICE

extern const Ring3NtServices g_services;

}  // namespace ring3::nt
