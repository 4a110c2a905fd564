// SPDX-License-Identifier: MIT
#include "os/random.h"

#include <sys/random.h>

namespace ring3::os {

bool FillRandom(void* buffer, size_t byte_count) {
  return getrandom(buffer, byte_count, GRND_NONBLOCK) == static_cast<ssize_t>(byte_count);
}

}  // namespace ring3::os
