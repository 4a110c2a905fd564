// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

struct _CONTEXT;

// Bug checks: the report on standard error and the end of the process with status 86
// (ring3::kBugCheckExitStatus). Thread-safe: the first one wins and the others stop where they are. Safe
// against a bug check inside a bug check.
namespace ring3::ke {

struct BugCheck {
  ULONG code;
  ULONG_PTR parameters[4];
  // The registers of what went wrong.
  const _CONTEXT* context;
  // Whether context->Rip is where a call returns to (the caller of KeBugCheckEx) or the instruction that
  // failed.
  bool context_is_call = false;
};

// Adds lines about the objects that a bug check is about: who allocated a pool block, what an IRP or MDL is.
// May take no lock that the failing thread can hold; may read memory that is gone only through
// os::GuardedCopy. At most 16; never called again once RemoveBugCheckDescriber has returned.
using BugCheckDescriber = void (*)(const BugCheck& bug_check, std::vector<std::string>& lines);
void AddBugCheckDescriber(BugCheckDescriber describer);
void RemoveBugCheckDescriber(BugCheckDescriber describer);

// What a fault at a system address that no frame took becomes, where a component knows better than
// PAGE_FAULT_IN_NONPAGED_AREA (special pool). One at a time; null for none.
using PageFaultExplainer = std::optional<BugCheck> (*)(uintptr_t address, bool is_write,
                                                       uintptr_t instruction);
void SetPageFaultExplainer(PageFaultExplainer explainer);

// For fuzzers and tests: called with the whole report before the process ends. May end the process itself.
using BugCheckObserver = void (*)(const BugCheck& bug_check, const char* report);
void SetBugCheckObserver(BugCheckObserver observer);

// Bug checks with the registers of another place than the caller (an exception's).
[[noreturn]] void BugCheckWithContext(ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4,
                                      const _CONTEXT* context);

// One more line for the report of the calling thread's bug check, should one follow. The text must outlive
// the call that it describes; null takes it back.
void NoteForBugCheck(const char* line);
const char* BugCheckNote();

// base/check.h's handler: the executive is at fault.
void BugCheckOnPanic(const char* text);

// Turns exceptions that no frame takes in kernel mode into bug checks, and failed checks of the executive
// too; with Remove, the default again.
void InstallExceptionBugChecks();
void RemoveExceptionBugChecks();

}  // namespace ring3::ke
