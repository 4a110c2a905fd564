// SPDX-License-Identifier: MIT
#include "ke/callback_registry.h"

#include <ddi/ke.h>
#include <fmt/format.h>
#include <ntstatus.h>

#include <list>

#include "ke/dispatcher.h"
#include "ke/driver_gate.h"
#include "ke/processor.h"

// Callbacks for processors that come and for non-maskable interrupts. Neither happens here after the start,
// so that registering is all there is, but for a processor callback that asks for those that exist.
namespace {

using namespace ring3::ke;

struct Registration {
  const char* kind;
  void* routine;
};

constinit ring3::SpinLock g_lock{ring3::LockRank::kKernelCallbacks};
std::list<Registration> g_registrations RING3_GUARDED_BY(g_lock);

PVOID Register(const char* kind, void* routine) {
  // Allocated outside the lock.
  std::list<Registration> one;
  one.push_back({kind, routine});
  ring3::SpinLockGuard guard(g_lock);
  g_registrations.splice(g_registrations.end(), one);
  return &g_registrations.back();
}

bool Deregister(PVOID handle) {
  std::list<Registration> one;
  ring3::SpinLockGuard guard(g_lock);
  for (auto it = g_registrations.begin(); it != g_registrations.end(); ++it) {
    if (&*it != handle) continue;
    one.splice(one.end(), g_registrations, it);
    return true;
  }
  return false;
}

NTSTATUS Notify(PPROCESSOR_CALLBACK_FUNCTION function, PVOID context, KE_PROCESSOR_CHANGE_NOTIFY_STATE state,
                ULONG processor, NTSTATUS status) {
  KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT change{};
  change.State = state;
  change.NtNumber = processor;
  change.Status = status;
  change.ProcNumber.Number = static_cast<UCHAR>(processor);
  NTSTATUS operation_status = STATUS_SUCCESS;
  CallDriver(nullptr, Callback::kNotify, function, context, &change, &operation_status);
  return operation_status;
}

}  // namespace

namespace ring3::ke {

void ReportCallbacks(LeakReport& report) {
  std::list<Registration> left;
  {
    SpinLockGuard guard(g_lock);
    left.swap(g_registrations);
  }
  for (const Registration& registration : left) {
    report.Add(fmt::format("{} {} is still registered", registration.kind, registration.routine));
  }
}

}  // namespace ring3::ke

// Returns a handle. With KE_PROCESSOR_CHANGE_ADD_EXISTING the function is told about the processors that
// exist, start and completion each; null where it refuses one. PASSIVE_LEVEL.
// (nf-wdm-keregisterprocessorchangecallback)
PVOID KeRegisterProcessorChangeCallback(PPROCESSOR_CALLBACK_FUNCTION CallbackFunction, PVOID CallbackContext,
                                        ULONG Flags) {
  CheckIrqlAtMost(CurrentThread(), PASSIVE_LEVEL);
  if ((Flags & KE_PROCESSOR_CHANGE_ADD_EXISTING) != 0) {
    for (ULONG i = 0; i < ProcessorCount(); ++i) {
      const NTSTATUS status =
          Notify(CallbackFunction, CallbackContext, KeProcessorAddStartNotify, i, STATUS_SUCCESS);
      if (NT_SUCCESS(status)) {
        Notify(CallbackFunction, CallbackContext, KeProcessorAddCompleteNotify, i, STATUS_SUCCESS);
        continue;
      }
      // Those that were told so far learn that it failed.
      for (ULONG told = 0; told <= i; ++told) {
        Notify(CallbackFunction, CallbackContext, KeProcessorAddFailureNotify, told, status);
      }
      return nullptr;
    }
  }
  return Register("processor change callback", reinterpret_cast<void*>(CallbackFunction));
}

// PASSIVE_LEVEL. (nf-wdm-kederegisterprocessorchangecallback)
VOID KeDeregisterProcessorChangeCallback(PVOID CallbackHandle) {
  CheckIrqlAtMost(CurrentThread(), PASSIVE_LEVEL);
  Deregister(CallbackHandle);
}

// Returns a handle. IRQL <= APC_LEVEL. (nf-wdm-keregisternmicallback)
PVOID KeRegisterNmiCallback(PNMI_CALLBACK CallbackRoutine, PVOID) {
  CheckIrqlAtMost(CurrentThread(), APC_LEVEL);
  return Register("NMI callback", reinterpret_cast<void*>(CallbackRoutine));
}

// STATUS_INVALID_HANDLE for what KeRegisterNmiCallback did not return. IRQL <= APC_LEVEL.
// (nf-wdm-kederegisternmicallback)
NTSTATUS KeDeregisterNmiCallback(PVOID Handle) {
  CheckIrqlAtMost(CurrentThread(), APC_LEVEL);
  return Deregister(Handle) ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}
