// SPDX-License-Identifier: MIT
#pragma once

#include "ke/apc.h"

namespace ring3::ke {

// Raises to at least `irql`; returns what it was.
inline KIRQL RaiseIrqlTo(PKTHREAD thread, KIRQL irql) {
  const KIRQL old_irql = thread->state.irql;
  if (old_irql < irql) thread->state.irql = irql;
  return old_irql;
}

// Sets an IRQL that is not above the current one; kernel APCs that waited for it run.
inline void LowerIrqlTo(PKTHREAD thread, KIRQL irql) {
  thread->state.irql = irql;
  DeliverKernelApcsIfPending(thread);
}

}  // namespace ring3::ke
