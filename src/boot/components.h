// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "base/boot_options.h"
#include "base/leak_report.h"
#include "base/result.h"

namespace ring3::boot {

struct Component {
  const char* name;
  Status (*initialize)(const BootOptions& options);
  void (*shutdown)(LeakReport& leaks);
};

// Bottom first: the order of Initialize; Shutdown goes the other way.
std::span<const Component> Components();

}  // namespace ring3::boot
