// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace ring3::os {

// Bytes that nobody can guess. False before Linux has any to give. Does not block.
[[nodiscard]] bool FillRandom(void* buffer, size_t byte_count);

}  // namespace ring3::os
