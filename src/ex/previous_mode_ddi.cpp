// SPDX-License-Identifier: MIT
#include <ddi/ex.h>

#include "ke/kthread.h"

// Who asked for what the thread is doing: UserMode in a system service that an application called. Any IRQL.
// wdm/nf-wdm-exgetpreviousmode
extern "C" KPROCESSOR_MODE ExGetPreviousMode(VOID) {
  return ring3::ke::CurrentThread()->previous_mode;
}
