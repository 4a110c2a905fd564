// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "se/descriptor.h"
#include "se/token.h"

namespace ring3::se {

// Which of the rights in `desired` (generic ones mapped already) `token` gets from `parts`. Rights come from
// the DACL's entries in order, the owner's READ_CONTROL and WRITE_DAC, and from privileges.
// STATUS_ACCESS_DENIED, STATUS_PRIVILEGE_NOT_HELD (ACCESS_SYSTEM_SECURITY).
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-seaccesscheck
Result<ACCESS_MASK> CheckAccess(const Token& token, const Parts& parts, ACCESS_MASK desired,
                                ACCESS_MASK granted_before, const GENERIC_MAPPING& mapping);

}  // namespace ring3::se
