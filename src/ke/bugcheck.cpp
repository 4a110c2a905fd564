// SPDX-License-Identifier: MIT
#include "ke/bugcheck.h"

#include <ddi/ke_bugcheck.h>
#include <ddi/ke_ntddk.h>
#include <nt_exception.h>
#include <ring3_seh.h>

#include <atomic>

#include "base/check.h"
#include "ke/bugcheck_text.h"
#include "ke/kthread.h"
#include "os/end_process.h"
#include "os/raw_output.h"
#include "os/thread.h"

namespace ring3::ke {
namespace {

constexpr int kMostDescribers = 16;
constexpr unsigned kReportSeconds = 20;
constexpr int kExitStatus = 86;

// The thread whose bug check is being reported; 0 while the system runs.
std::atomic<uint32_t> g_reporting_tid{0};
std::atomic<BugCheckDescriber> g_describers[kMostDescribers];
std::atomic<BugCheckObserver> g_observer{nullptr};
thread_local constinit const char* t_note = nullptr;

// The first line is written before anything that could fail, allocate or block.
void WriteStopLine(const BugCheck& bug_check) {
  os::RawOutput("\n*** STOP: 0x");
  os::RawOutputHex(bug_check.code, 8);
  os::RawOutput(" (");
  for (int i = 0; i < 4; ++i) {
    os::RawOutput(i == 0 ? "0x" : ", 0x");
    os::RawOutputHex(bug_check.parameters[i], 16);
  }
  os::RawOutput(")\n");
  os::RawOutput(BugCheckName(bug_check.code));
  os::RawOutput("\n");
}

[[noreturn]] void Stop(const BugCheck& bug_check) {
  uint32_t self = os::CurrentTid();
  uint32_t nobody = 0;
  if (!g_reporting_tid.compare_exchange_strong(nobody, self)) {
    // Somebody else was first.
    if (nobody != self) os::SleepForever();
    os::RawOutput("\n(while reporting:)");
    WriteStopLine(bug_check);
    os::EndProcess(kExitStatus);
  }
  WriteStopLine(bug_check);
  os::EndProcessAfter(kReportSeconds, kExitStatus);
  // The locks that the thread holds stay held for good; taking others is no inversion any more.
  ForgetHeldLocks();
  std::string report = WriteBugCheckReport(bug_check);
  RunBugCheckCallbacks(bug_check);
  if (BugCheckObserver observer = g_observer.load()) observer(bug_check, report.c_str());
  os::FlushAndEndProcess(kExitStatus);
}

}  // namespace

void AddBugCheckDescriber(BugCheckDescriber describer) {
  for (auto& slot : g_describers) {
    BugCheckDescriber free = nullptr;
    if (slot.compare_exchange_strong(free, describer)) return;
  }
}

void RemoveBugCheckDescriber(BugCheckDescriber describer) {
  for (auto& slot : g_describers) {
    BugCheckDescriber expected = describer;
    if (slot.compare_exchange_strong(expected, nullptr)) return;
  }
}

std::vector<std::string> DescribeObjects(const BugCheck& bug_check) {
  std::vector<std::string> lines;
  if (t_note != nullptr) lines.emplace_back(t_note);
  // The newest first: higher components know better what an address is.
  for (int i = kMostDescribers - 1; i >= 0; --i) {
    if (BugCheckDescriber describer = g_describers[i].load()) describer(bug_check, lines);
  }
  return lines;
}

void SetBugCheckObserver(BugCheckObserver observer) {
  g_observer.store(observer);
}

void BugCheckOnPanic(const char* text) {
  CONTEXT context = {};
  Ring3SehCaptureContext(&context);
  NoteForBugCheck(text);
  Stop({kExecutiveFault, {0, 0, 0, 0}, &context, true});
}

void NoteForBugCheck(const char* line) {
  t_note = line;
}
const char* BugCheckNote() {
  return t_note;
}

void BugCheckWithContext(ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4,
                         const CONTEXT* context) {
  Stop({code, {p1, p2, p3, p4}, context, false});
}

}  // namespace ring3::ke

extern "C" {

// KeBugCheckEx: reports BugCheckCode with its parameters and ends the process. Any IRQL; does not return.
// nf-wdm-kebugcheckex
__attribute__((noinline)) VOID NTAPI KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR BugCheckParameter1,
                                                  ULONG_PTR BugCheckParameter2, ULONG_PTR BugCheckParameter3,
                                                  ULONG_PTR BugCheckParameter4) {
  CONTEXT context = {};
  Ring3SehCaptureContext(&context);
  ring3::ke::Stop({BugCheckCode,
                   {BugCheckParameter1, BugCheckParameter2, BugCheckParameter3, BugCheckParameter4},
                   &context,
                   true});
}

// KeBugCheck: the same with parameters of zero. nf-ntddk-kebugcheck
__attribute__((noinline)) VOID NTAPI KeBugCheck(ULONG BugCheckCode) {
  CONTEXT context = {};
  Ring3SehCaptureContext(&context);
  ring3::ke::Stop({BugCheckCode, {0, 0, 0, 0}, &context, true});
}

// Called in place of a DDI that Ring3 does not have, by the stubs that ring3-cc links into a driver. `name`
// is the DDI's.
__attribute__((noinline, noreturn)) NTKERNELAPI void Ring3MissingDdi(const char* name) {
  CONTEXT context = {};
  Ring3SehCaptureContext(&context);
  char note[160] = "missing DDI: ";
  size_t at = __builtin_strlen(note);
  for (const char* c = name; *c != '\0' && at + 1 < sizeof(note); ++c) note[at++] = *c;
  note[at] = '\0';
  ring3::ke::NoteForBugCheck(note);
  ring3::ke::Stop({ring3::ke::kMissingDdi, {reinterpret_cast<ULONG_PTR>(name), 0, 0, 0}, &context, true});
}

}  // extern "C"
