// SPDX-License-Identifier: MIT
// The clock's resolution. Timers here are Linux' and as fine as it can make them; what drivers ask for is
// kept and answered.
#include <ddi/ke_dispatcher.h>

#include "base/spin_lock.h"
#include "ex/timer_resolution.h"

namespace ring3::ex {
namespace {

// In 100 ns units.
constexpr ULONG kCoarsest = 156250;
constexpr ULONG kFinest = 5000;

struct Resolution {
  SpinLock lock{LockRank::kResource};
  ULONG current RING3_GUARDED_BY(lock) = kCoarsest;
  uint32_t request_count RING3_GUARDED_BY(lock) = 0;
};
Resolution g_resolution;

}  // namespace

void ResetTimerResolution() {
  SpinLockGuard guard(g_resolution.lock);
  g_resolution.current = kCoarsest;
  g_resolution.request_count = 0;
}

}  // namespace ring3::ex

using namespace ring3;

extern "C" {

// The resolution from now on, in 100 ns units: `desired_time` where `set` and it is finer than the present
// one, but not finer than the clock's finest. Without `set` one request is taken back; the last one restores
// the default. IRQL <= APC_LEVEL. nf-wdm-exsettimerresolution
ULONG ExSetTimerResolution(ULONG desired_time, BOOLEAN set) {
  ex::Resolution& resolution = ex::g_resolution;
  SpinLockGuard guard(resolution.lock);
  if (set) {
    ++resolution.request_count;
    if (desired_time < ex::kFinest) desired_time = ex::kFinest;
    if (desired_time < resolution.current) resolution.current = desired_time;
  } else if (resolution.request_count != 0 && --resolution.request_count == 0) {
    resolution.current = ex::kCoarsest;
  }
  return resolution.current;
}

// The coarsest, the finest and the present resolution. nf-wdm-exquerytimerresolution
VOID ExQueryTimerResolution(PULONG maximum_time, PULONG minimum_time, PULONG current_time) {
  SpinLockGuard guard(ex::g_resolution.lock);
  *maximum_time = ex::kCoarsest;
  *minimum_time = ex::kFinest;
  *current_time = ex::g_resolution.current;
}

}  // extern "C"
