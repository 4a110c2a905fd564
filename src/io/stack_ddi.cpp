// SPDX-License-Identifier: MIT
// The calling thread's stack. Kernel and user mode share it. Any IRQL.
#include <ddi/io.h>

#include "os/thread_stack.h"

using namespace ring3;

extern "C" {

// nf-wdm-iogetstacklimits
VOID IoGetStackLimits(PULONG_PTR LowLimit, PULONG_PTR HighLimit) {
  const os::StackLimits limits = os::CurrentStackLimits();
  *LowLimit = limits.low;
  *HighLimit = limits.high;
}

// nf-wdm-iogetinitialstack
PVOID IoGetInitialStack(VOID) {
  return reinterpret_cast<PVOID>(os::CurrentStackLimits().high);
}

// Whether all of [RegionStart, RegionStart + RegionSize) is on the stack. nf-wdm-iowithinstacklimits
BOOLEAN IoWithinStackLimits(ULONG_PTR RegionStart, SIZE_T RegionSize) {
  const os::StackLimits limits = os::CurrentStackLimits();
  return RegionStart >= limits.low && RegionStart <= limits.high && RegionSize <= limits.high - RegionStart;
}

}  // extern "C"
