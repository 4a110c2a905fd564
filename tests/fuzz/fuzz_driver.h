// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

struct _DRIVER_OBJECT;

namespace ring3::fuzz {

NTSTATUS FuzzDriverEntry(_DRIVER_OBJECT* driver, UNICODE_STRING* service);

}  // namespace ring3::fuzz
