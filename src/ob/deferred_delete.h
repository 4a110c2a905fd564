// SPDX-License-Identifier: MIT
#pragma once

#include "ob/object.h"

namespace ring3::ob {

// Deletes `header` on a system worker thread: its last reference went at raised IRQL, or the caller asked for
// it because it holds locks that the delete procedure takes.
void DeferDelete(ObjectHeader* header);
// Deletes it here. PASSIVE_LEVEL.
void DeleteNow(ObjectHeader* header);
// Deletes all that waits, here. Before shutdown looks for leaks.
void DrainDeferredDeletes();

}  // namespace ring3::ob
