// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/boot_options.h"
#include "ring3/executive.h"

namespace ring3 {

// An executive that is up for as long as a row runs.
class Booted {
 public:
  Booted() : executive_(Executive::Boot(BootOptions{})) {
    if (executive_ == nullptr) std::abort();
  }

 private:
  std::unique_ptr<Executive> executive_;
};

}  // namespace ring3
