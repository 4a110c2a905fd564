// SPDX-License-Identifier: MIT
#pragma once

#include "ex/pool.h"

namespace ring3::ex {

// What to do when there is no memory.
enum class OnFailure : uint8_t { kReturnNull, kRaise };

// The common end of the allocation routines: checks the IRQL, allocates, raises STATUS_QUOTA_EXCEEDED or
// STATUS_INSUFFICIENT_RESOURCES where asked to.
void* AllocateChecked(const PoolRequest& request, OnFailure on_failure);
// The same from a POOL_TYPE with its flags; `caller` is for the report.
void* AllocateByType(POOL_TYPE type, size_t byte_count, ULONG tag, uint8_t attributes, OnFailure on_failure,
                     const void* caller);

}  // namespace ring3::ex
