// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "ke/bugcheck_text.h"

namespace ring3::ke {

inline constexpr long long kAnyViolation = -1;

// One row: a code, or a code with one value of the parameter that tells its violations apart.
struct BugCheckEntry {
  ULONG code;
  long long selector;
  BugCheckText text;
  int selected_by = 0;  // index of the parameter
};

std::span<const BugCheckEntry> GeneralBugChecks();
std::span<const BugCheckEntry> PoolBugChecks();
std::span<const BugCheckEntry> MemoryBugChecks();
std::span<const BugCheckEntry> VerifierBugChecks();

}  // namespace ring3::ke
