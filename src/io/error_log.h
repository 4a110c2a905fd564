// SPDX-License-Identifier: MIT
#pragma once

namespace ring3::io {

// Whether entries that drivers write to the system's log go to standard error.
enum class ErrorLogVerbosity { kSilent, kPrint };
void SetErrorLogVerbosity(ErrorLogVerbosity verbosity);

}  // namespace ring3::io
