// SPDX-License-Identifier: MIT
// What an exception that nobody handles in kernel mode becomes.
#include <bugcodes.h>
#include <nt_exception.h>
#include <ntstatus.h>

#include <atomic>

#include "base/check.h"
#include "ke/bugcheck.h"
#include "ke/driver_gate.h"
#include "os/fault_handler.h"
#include "os/module.h"

namespace ring3::ke {
namespace {

// The reservation of system addresses (docs/architecture.md).
constexpr ULONG_PTR kSystemBase = 0x7b00'0000'0000;
constexpr ULONG_PTR kSystemBytes = ULONG_PTR{3} << 40;
constexpr ULONG_PTR kDoubleFault = 8;

std::atomic<PageFaultExplainer> g_page_fault_explainer{nullptr};

bool IsInKernelMode() {
  PKTHREAD thread = CurrentThreadOrNull();
  return thread != nullptr &&
         (thread->kernel_depth > 0 || thread->is_system_thread || thread->is_executing_dpc ||
          thread->driver_call != nullptr || thread->state.irql > PASSIVE_LEVEL);
}

// Whether `pc` lies in the driver that is being called, and not in the executive.
bool IsInDriver(PKTHREAD thread, const void* pc) {
  if (thread->driver_call == nullptr) return false;
  const void* executive = os::FindModule(reinterpret_cast<const void*>(&IsInKernelMode)).base;
  const void* faulting = os::FindModule(pc).base;
  return faulting != executive || faulting == os::FindModule(thread->driver_call->function).base;
}

// bug-check-0x50: the kind of access is numbered otherwise than in the exception.
ULONG_PTR PageFaultAccess(ULONG_PTR access) {
  switch (access) {
    case EXCEPTION_WRITE_FAULT:
      return 2;
    case EXCEPTION_EXECUTE_FAULT:
      return 0x10;
    default:
      return 0;
  }
}

void OnUnhandledException(EXCEPTION_POINTERS* exception) {
  if (!IsInKernelMode()) return;
  PKTHREAD thread = CurrentThread();
  const EXCEPTION_RECORD& record = *exception->ExceptionRecord;
  const CONTEXT* context = exception->ContextRecord;
  auto code = static_cast<ULONG_PTR>(static_cast<LONG_PTR>(record.ExceptionCode));
  auto pc = reinterpret_cast<ULONG_PTR>(record.ExceptionAddress);
  if (record.ExceptionCode == STATUS_ACCESS_VIOLATION && record.NumberParameters >= 2) {
    ULONG_PTR access = record.ExceptionInformation[0];
    ULONG_PTR address = record.ExceptionInformation[1];
    if (thread->state.irql >= DISPATCH_LEVEL) {
      ULONG bug_check = IsInDriver(thread, record.ExceptionAddress) ? DRIVER_IRQL_NOT_LESS_OR_EQUAL
                                                                    : IRQL_NOT_LESS_OR_EQUAL;
      BugCheckWithContext(bug_check, address, thread->state.irql, access, pc, context);
    }
    if (address - kSystemBase < kSystemBytes) {
      if (PageFaultExplainer explain = g_page_fault_explainer.load()) {
        if (std::optional<BugCheck> better = explain(address, access == EXCEPTION_WRITE_FAULT, pc)) {
          const ULONG_PTR* p = better->parameters;
          BugCheckWithContext(better->code, p[0], p[1], p[2], p[3], context);
        }
      }
      BugCheckWithContext(PAGE_FAULT_IN_NONPAGED_AREA, address, PageFaultAccess(access), pc, 0, context);
    }
  }
  if (record.ExceptionCode == STATUS_STACK_OVERFLOW) {
    BugCheckWithContext(UNEXPECTED_KERNEL_MODE_TRAP, kDoubleFault, record.ExceptionInformation[1],
                        context->Rsp, pc, context);
  }
  auto record_address = reinterpret_cast<ULONG_PTR>(exception->ExceptionRecord);
  auto context_address = reinterpret_cast<ULONG_PTR>(context);
  if (thread->is_executing_dpc || thread->state.irql >= DISPATCH_LEVEL) {
    BugCheckWithContext(KMODE_EXCEPTION_NOT_HANDLED, code, pc, record.ExceptionInformation[0],
                        record.ExceptionInformation[1], context);
  }
  if (thread->is_system_thread) {
    BugCheckWithContext(SYSTEM_THREAD_EXCEPTION_NOT_HANDLED, code, pc, record_address, context_address,
                        context);
  }
  if (thread->driver_call != nullptr || thread->kernel_depth > 0) {
    BugCheckWithContext(SYSTEM_SERVICE_EXCEPTION, code, pc, context_address, 0, context);
  }
  BugCheckWithContext(KMODE_EXCEPTION_NOT_HANDLED, code, pc, record.ExceptionInformation[0],
                      record.ExceptionInformation[1], context);
}

}  // namespace

void SetPageFaultExplainer(PageFaultExplainer explainer) {
  g_page_fault_explainer.store(explainer);
}

void InstallExceptionBugChecks() {
  os::SetKernelModeQuery(IsInKernelMode);
  os::SetUnhandledExceptionHook(OnUnhandledException);
  g_panic_handler.store(BugCheckOnPanic);
}

void RemoveExceptionBugChecks() {
  g_panic_handler.store(nullptr);
  os::SetUnhandledExceptionHook(nullptr);
  os::SetKernelModeQuery(nullptr);
}

}  // namespace ring3::ke
