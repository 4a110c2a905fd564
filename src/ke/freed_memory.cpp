// SPDX-License-Identifier: MIT
#include "ke/freed_memory.h"

#include <bugcodes.h>

#include "ke/kernel.h"

namespace ring3::ke {
namespace {

// TIMER_OR_DPC_INVALID: what was found in the block.
enum Found : ULONG_PTR { kTimer = 0, kDpc = 1 };

[[noreturn]] void Invalid(Found found, const void* object, const void* start, size_t byte_count) {
  const auto low = reinterpret_cast<ULONG_PTR>(start);
  KeBugCheckEx(TIMER_OR_DPC_INVALID, found, reinterpret_cast<ULONG_PTR>(object), low, low + byte_count);
}

}  // namespace

void CheckFreedMemory(const void* start, size_t byte_count) {
  if (g_kernel == nullptr) return;
  if (PKTIMER timer = g_kernel->timers.FindIn(start, byte_count)) Invalid(kTimer, timer, start, byte_count);
  if (PKDPC dpc = g_kernel->dpcs.FindIn(start, byte_count)) Invalid(kDpc, dpc, start, byte_count);
  if (PKTIMER timer = g_kernel->timers.FindWithDpcIn(start, byte_count)) {
    Invalid(kDpc, timer->Dpc, start, byte_count);
  }
}

PendingWork FindPendingWork(const void* image, size_t byte_count) {
  if (g_kernel == nullptr) return {};
  DpcQueues& dpcs = g_kernel->dpcs;
  TimerQueue& timers = g_kernel->timers;
  if (PKTIMER timer = timers.FindIn(image, byte_count)) return {"a timer is still set", timer, timer};
  if (PKDPC dpc = dpcs.FindIn(image, byte_count)) return {"a DPC is still queued", dpc, dpc};
  if (PKTIMER timer = timers.FindWithDpcIn(image, byte_count)) {
    return {"a timer is still set that has a DPC of the driver", timer, timer->Dpc};
  }
  if (PKTIMER timer = timers.FindWithRoutineIn(image, byte_count)) {
    return {"a timer is still set that has a DPC routine of the driver", timer,
            reinterpret_cast<const void*>(timer->Dpc->DeferredRoutine)};
  }
  if (PKDPC dpc = dpcs.FindWithRoutineIn(image, byte_count)) {
    return {"a DPC is still queued", dpc, reinterpret_cast<const void*>(dpc->DeferredRoutine)};
  }
  return {};
}

}  // namespace ring3::ke
