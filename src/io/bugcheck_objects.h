// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "ke/bugcheck.h"

namespace ring3::io {

// A bug check describer: lines about those parameters that are packets, devices or drivers, and about the
// device that a driver is being called for.
void DescribeObjects(const ke::BugCheck& bug_check, std::vector<std::string>& lines);

}  // namespace ring3::io
