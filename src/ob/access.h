// SPDX-License-Identifier: MIT
#pragma once

#include "ob/object.h"

namespace ring3::ob {

// What `desired` comes to on `object` for the current thread: generic rights mapped and, unless the caller is
// kernel mode without OBJ_FORCE_ACCESS_CHECK, checked against the object's security descriptor. An object
// without one grants all.
Result<ACCESS_MASK> GrantAccess(void* object, ACCESS_MASK desired, KPROCESSOR_MODE access_mode,
                                ULONG attributes);

// Gives a new object a security descriptor from the caller's (may be null) and `parent`'s.
Status AssignSecurity(void* object, PSECURITY_DESCRIPTOR explicit_descriptor, void* parent);

}  // namespace ring3::ob
