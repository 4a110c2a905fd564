// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/se.h>

#include <string_view>

#include "base/result.h"

namespace ring3::se {

// A security descriptor from its definition language: "O:BAG:SYD:P(A;;GA;;;SY)(A;;GR;;;WD)S:(ML;;NW;;;LW)".
// Self-relative, in paged pool, freed with SeDeassignSecurity. STATUS_INVALID_PARAMETER for what does not
// parse, STATUS_INSUFFICIENT_RESOURCES.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/sddl-for-device-objects
Result<PSECURITY_DESCRIPTOR> DescriptorFromSddl(std::u16string_view text);

}  // namespace ring3::se
