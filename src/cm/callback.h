// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/cm.h>
#include <ntstatus.h>

#include "base/leak_report.h"
#include "base/result.h"

namespace ring3::cm {

// Tells the registered callbacks, highest altitude first. STATUS_SUCCESS to go on; STATUS_CALLBACK_BYPASS or
// a failure not to. No lock held.
NTSTATUS NotifyBefore(REG_NOTIFY_CLASS notify_class, void* information);
// `object` is the key's; `information` what NotifyBefore had. Callbacks may not change the outcome.
void NotifyAfter(REG_NOTIFY_CLASS notify_class, void* object, NTSTATUS status, void* information);
bool AnyCallbacks();
bool IsRegistered(LARGE_INTEGER cookie);

// One operation between its two notifications.
//
//   return Notified(RegNtPreSetValueKey, RegNtPostSetValueKey, key, information, [&] { … });
template <typename Information, typename Operation>
NTSTATUS Notified(REG_NOTIFY_CLASS before, REG_NOTIFY_CLASS after, void* object, Information& information,
                  Operation operation) {
  if (!AnyCallbacks()) return operation();
  NTSTATUS status = NotifyBefore(before, &information);
  if (status == STATUS_CALLBACK_BYPASS) return STATUS_SUCCESS;
  if (!NT_SUCCESS(status)) return status;
  status = operation();
  NotifyAfter(after, object, status, &information);
  return status;
}

void ReportLeftCallbacks(LeakReport& report);

}  // namespace ring3::cm
