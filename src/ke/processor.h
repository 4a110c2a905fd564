// SPDX-License-Identifier: MIT
#pragma once

#include "ke/kthread.h"

namespace ring3::ke {

// The simulated processors: those that Linux lets the process use, at most 64, all in group 0 and node 0.
ULONG ProcessorCount();
inline KAFFINITY ActiveProcessorMask() {
  const ULONG count = ProcessorCount();
  return count >= 64 ? ~KAFFINITY{0} : (KAFFINITY{1} << count) - 1;
}
// A DPC thread's own processor; for others the one that Linux runs them on at the moment.
ULONG CurrentProcessorIndex(PKTHREAD thread);

}  // namespace ring3::ke
