// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>

#include "os/memory.h"

namespace ring3::os {

inline int LinuxProtection(Protection protection) {
  const int bits = static_cast<int>(protection);
  return ((bits & 1) != 0 ? PROT_READ : 0) | ((bits & 2) != 0 ? PROT_WRITE : 0) |
         ((bits & 4) != 0 ? PROT_EXEC : 0);
}

}  // namespace ring3::os
