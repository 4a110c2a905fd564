// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace ring3::os {

// The Linux user that the process runs as. Does not block.
struct Identity {
  uint32_t user_id;
  uint32_t group_id;
  std::vector<uint32_t> groups;
};
Identity CurrentIdentity();

}  // namespace ring3::os
