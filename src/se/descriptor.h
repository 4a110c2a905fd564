// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/se_ntifs.h>

#include <span>

#include "base/result.h"

namespace ring3::se {

// The parts of a security descriptor of either form. Null: absent (a DACL that is present and null grants
// all).
struct Parts {
  SECURITY_DESCRIPTOR_CONTROL control = 0;
  PSID owner = nullptr;
  PSID group = nullptr;
  PACL sacl = nullptr;
  PACL dacl = nullptr;
};
Parts PartsOf(PSECURITY_DESCRIPTOR descriptor);

// Bytes of the self-relative form, and the form itself in a buffer of that size.
ULONG SelfRelativeSize(const Parts& parts);
void WriteSelfRelative(const Parts& parts, void* buffer);

// A self-relative descriptor in paged pool, freed with SeDeassignSecurity. STATUS_INSUFFICIENT_RESOURCES.
Result<PSECURITY_DESCRIPTOR> AllocateSelfRelative(const Parts& parts);

}  // namespace ring3::se
