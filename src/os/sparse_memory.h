// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace ring3::os {

// Zero-filled memory that costs nothing until it is touched: tables indexed by page number.
// Null when the address space is exhausted. A system call; may block, so no spin lock may be held.
void* ReserveSparse(size_t byte_count);
void ReleaseSparse(void* memory, size_t byte_count);

}  // namespace ring3::os
