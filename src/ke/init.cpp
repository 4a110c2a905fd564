// SPDX-License-Identifier: MIT
#include "ke/init.h"

#include <fmt/format.h>
#include <ntstatus.h>

#include "ke/bugcheck.h"
#include "ke/callback_registry.h"
#include "ke/driver_gate.h"
#include "ke/kernel.h"
#include "rtl/seh_frame.h"

namespace ring3::ke {

std::unique_ptr<Kernel> g_kernel;

Status Initialize(const BootOptions&) {
  KeNumberProcessors = static_cast<CCHAR>(ProcessorCount());
  g_kernel = std::make_unique<Kernel>();
  rtl::SetUnwindHook(ForgetDriverCallsBelow);
  InstallExceptionBugChecks();
  return STATUS_SUCCESS;
}

void StopExecutiveThreads(LeakReport& report) {
  if (g_kernel == nullptr || g_kernel->stopped) return;
  g_kernel->stopped = true;
  // Timers first: they queue DPCs.
  g_kernel->timers.Stop(report);
  g_kernel->dpcs.Stop();
  ReleaseAdoptedThreads();
}

void Shutdown(LeakReport& report) {
  if (g_kernel == nullptr) return;
  StopExecutiveThreads(report);
  if (const int timers = g_kernel->allocated_timers; timers != 0) {
    report.Add(fmt::format("{} timers of ExAllocateTimer are not deleted", timers));
  }
  ReportCallbacks(report);
  RemoveExceptionBugChecks();
  rtl::SetUnwindHook(nullptr);
  ReleaseAdoptedThreads();
  g_kernel.reset();
}

}  // namespace ring3::ke
