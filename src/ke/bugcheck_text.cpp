// SPDX-License-Identifier: MIT
#include "ke/bugcheck_text.h"

#include "ke/bugcheck_text_tables.h"

namespace ring3::ke {
namespace {

bool Matches(const BugCheckEntry& entry, ULONG code, const ULONG_PTR parameters[4]) {
  if (entry.code != code) return false;
  return entry.selector == kAnyViolation ||
         parameters[entry.selected_by] == static_cast<ULONG_PTR>(entry.selector);
}

}  // namespace

BugCheckText DescribeBugCheck(ULONG code, const ULONG_PTR parameters[4]) {
  const BugCheckEntry* general = nullptr;
  for (std::span<const BugCheckEntry> table :
       {GeneralBugChecks(), PoolBugChecks(), MemoryBugChecks(), VerifierBugChecks()}) {
    for (const BugCheckEntry& entry : table) {
      if (!Matches(entry, code, parameters)) continue;
      if (entry.selector != kAnyViolation) return entry.text;
      general = &entry;
    }
  }
  return general != nullptr ? general->text : BugCheckText{};
}

}  // namespace ring3::ke
