// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

#include <string>
#include <vector>

namespace ring3::ke {

// A driver called a DDI that Ring3 does not have. Windows would not have loaded the driver, so there is no
// code of its own.
inline constexpr ULONG kMissingDdi = 0x52330001;

// The executive found itself at fault (base/check.h).
inline constexpr ULONG kExecutiveFault = 0x52330002;

// `BAD_POOL_CALLER`; UNKNOWN_BUG_CHECK for codes that the documentation does not have.
const char* BugCheckName(ULONG code);

// What a bug check and its parameters mean: from the pages debugger/bug-check-0x*, in our words. Members may
// be null.
struct BugCheckText {
  const char* meaning;
  const char* parameters[4];
};

// The most specific text that there is, by the code and, where it tells violations apart, by the first
// parameter (for some codes another one).
BugCheckText DescribeBugCheck(ULONG code, const ULONG_PTR parameters[4]);

// `ACCESS_VIOLATION` for exception codes and statuses that reports meet often; empty otherwise.
const char* StatusName(NTSTATUS status);

struct BugCheck;
// Writes the report, all but its first lines, to standard error, and returns it. Allocates, takes libdw's
// locks, and calls the describers.
std::string WriteBugCheckReport(const BugCheck& bug_check);

// Lines of the describers registered by the components.
std::vector<std::string> DescribeObjects(const BugCheck& bug_check);

// Runs what KeRegisterBugCheckCallback and KeRegisterBugCheckReasonCallback registered.
void RunBugCheckCallbacks(const BugCheck& bug_check);

}  // namespace ring3::ke
