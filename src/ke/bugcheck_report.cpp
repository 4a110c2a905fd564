// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <fmt/format.h>
#include <nt_exception.h>

#include <algorithm>

#include "ke/bugcheck.h"
#include "ke/bugcheck_text.h"
#include "ke/driver_gate.h"
#include "os/fault_handler.h"
#include "os/guarded_copy.h"
#include "os/raw_output.h"
#include "os/stack_trace.h"
#include "os/thread.h"

namespace ring3::ke {
namespace {

constexpr size_t kMostFrames = 64;
constexpr int kMostDriverCalls = 16;

const char* IrqlName(int irql) {
  switch (irql) {
    case PASSIVE_LEVEL:
      return "PASSIVE_LEVEL";
    case APC_LEVEL:
      return "APC_LEVEL";
    case DISPATCH_LEVEL:
      return "DISPATCH_LEVEL";
    case HIGH_LEVEL:
      return "HIGH_LEVEL";
    default:
      return "device level";
  }
}

void AppendParameters(std::string& report, const BugCheck& bug_check) {
  BugCheckText text = DescribeBugCheck(bug_check.code, bug_check.parameters);
  if (text.meaning != nullptr) report += fmt::format("{}\n", text.meaning);
  report += '\n';
  for (int i = 0; i < 4; ++i) {
    ULONG_PTR value = bug_check.parameters[i];
    const char* what = text.parameters[i];
    if (what == nullptr && value == 0) continue;
    report += fmt::format("  {} 0x{:016X}  {}", i + 1, value, what != nullptr ? what : "");
    const char* status = what != nullptr && std::string_view(what).starts_with("exception code")
                             ? StatusName(static_cast<NTSTATUS>(value))
                             : "";
    if (*status != '\0') report += fmt::format(": {}", status);
    if (what != nullptr && value != 0 && std::string_view(what).ends_with("instruction"))
      report += ": " + os::DescribeCode(value);
    report += '\n';
  }
}

// What the thread holds that keeps others, or APCs, out; empty when nothing.
std::string HeldLocks(const ExecutionState& state) {
  std::string held;
  const auto add = [&held](int count, const char* what) {
    if (count != 0) held += fmt::format("{}{}{}", held.empty() ? "" : ", ", count, what);
  };
  add(state.spin_lock_count, "x spin lock");
  add(state.fast_mutex_count, "x fast mutex");
  add(-state.kernel_apc_disable, "x critical region");
  add(-state.special_apc_disable, "x guarded region");
  return held.empty() ? held : "holds, or is in: " + held + '\n';
}

std::string ProcessName(PKPROCESS address) {
  _KPROCESS process;
  if (!os::GuardedCopy(&process, address, sizeof(process))) return fmt::format("{}", fmt::ptr(address));
  return fmt::format("{:.{}} (id {}), {}", process.image_file_name, sizeof(process.image_file_name) - 1,
                     process.id, fmt::ptr(address));
}

void AppendThread(std::string& report, const BugCheck&) {
  report += fmt::format("\nthread: Linux thread {}", os::CurrentTid());
  PKTHREAD thread = CurrentThreadOrNull();
  if (thread == nullptr) {
    report += ", not in the executive\n";
    return;
  }
  int irql = thread->state.irql;
  report += fmt::format(", KTHREAD {}{}\nprocess: {}{}\nIRQL: {} ({})\n", static_cast<void*>(thread),
                        thread->is_executing_dpc   ? ", runs a DPC"
                        : thread->is_system_thread ? ", a system thread"
                                                   : "",
                        ProcessName(thread->process),
                        thread->process == thread->own_process
                            ? ""
                            : "; attached to it from " + ProcessName(thread->own_process),
                        irql, IrqlName(irql));
  report += HeldLocks(thread->state);
  int count = 0;
  const DriverCall* at = thread->driver_call;
  DriverCall call;
  while (at != nullptr && count++ < kMostDriverCalls && os::GuardedCopy(&call, at, sizeof(call))) {
    report +=
        fmt::format("{} {} {}, for {}, driver object {}\n",
                    count == 1 ? "in driver:" : "   called by:", CallbackName(call.callback),
                    os::DescribeCode(reinterpret_cast<uintptr_t>(call.function)), call.subject, call.driver);
    at = call.outer;
  }
}

void AppendObjects(std::string& report, const BugCheck& bug_check) {
  std::vector<std::string> lines = DescribeObjects(bug_check);
  if (lines.empty()) return;
  report += "\nabout it:\n";
  for (const std::string& line : lines) report += "  " + line + '\n';
}

void AppendStack(std::string& report, const BugCheck& bug_check) {
  report += "\nstack:\n";
  if (bug_check.context == nullptr) return;
  std::vector<uintptr_t> addresses = os::UnwindContext(*bug_check.context, kMostFrames);
  // The first frame of a call is KeBugCheckEx itself.
  if (bug_check.context_is_call && addresses.size() > 1) addresses.erase(addresses.begin());
  os::AddressKind first =
      bug_check.context_is_call ? os::AddressKind::kReturnAddress : os::AddressKind::kInstruction;
  for (const std::string& line : os::FormatStack(addresses, first)) report += "  " + line + '\n';
}

}  // namespace

std::string WriteBugCheckReport(const BugCheck& bug_check) {
  os::InstallFaultHandlers();
  // Modules may have come and gone since the last stack.
  os::ForgetSymbols();
  std::string report;
  // A part at a time, the riskiest last: should one fail, what is known by then has been said.
  for (auto append : {AppendParameters, AppendThread, AppendStack, AppendObjects}) {
    size_t written = report.size();
    append(report, bug_check);
    os::RawOutput(report.c_str() + written);
  }
  return report;
}

const char* StatusName(NTSTATUS status) {
  switch (static_cast<ULONG>(status)) {
    case 0x80000001:
      return "STATUS_GUARD_PAGE_VIOLATION";
    case 0x80000002:
      return "STATUS_DATATYPE_MISALIGNMENT";
    case 0x80000003:
      return "STATUS_BREAKPOINT (int3, DbgBreakPoint or an assertion)";
    case 0xC0000001:
      return "STATUS_UNSUCCESSFUL";
    case 0xC0000005:
      return "STATUS_ACCESS_VIOLATION";
    case 0xC0000006:
      return "STATUS_IN_PAGE_ERROR";
    case 0xC000000D:
      return "STATUS_INVALID_PARAMETER";
    case 0xC000001D:
      return "STATUS_ILLEGAL_INSTRUCTION";
    case 0xC0000022:
      return "STATUS_ACCESS_DENIED";
    case 0xC0000025:
      return "STATUS_NONCONTINUABLE_EXCEPTION";
    case 0xC0000046:
      return "STATUS_MUTANT_NOT_OWNED";
    case 0xC0000044:
      return "STATUS_QUOTA_EXCEEDED";
    case 0xC0000094:
      return "STATUS_INTEGER_DIVIDE_BY_ZERO";
    case 0xC000009A:
      return "STATUS_INSUFFICIENT_RESOURCES";
    case 0xC00000FD:
      return "STATUS_STACK_OVERFLOW";
    case 0xC0000420:
      return "STATUS_ASSERTION_FAILURE";
    default:
      return "";
  }
}

}  // namespace ring3::ke
