// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "mm/layout.h"

// The executive's only way to an application's memory. Called in the context of the process that the address
// belongs to, at IRQL <= APC_LEVEL.
namespace ring3::mm {

enum class Access : uint8_t { kRead, kWrite };

// STATUS_ACCESS_VIOLATION where a page of the range cannot be accessed so (the bytes before it may have been
// copied) or the user range is not one. A length of zero succeeds.
Status CopyFromUser(void* destination, const volatile void* user_source, size_t byte_count);
Status CopyToUser(volatile void* user_destination, const void* source, size_t byte_count);

// Sets memory of the application; statuses as above.
Status FillUser(volatile void* user_destination, uint8_t value, size_t byte_count);

// Address checks alone, as ProbeForRead makes them: STATUS_DATATYPE_MISALIGNMENT (`alignment` is a power of
// two), STATUS_ACCESS_VIOLATION for a range that wraps or is not the user's. A length of zero succeeds.
// Touches nothing.
Status ProbeUserRange(const volatile void* address, size_t length, size_t alignment);

// The same, and every page of the range must grant `access` now. One region query per mapping of the range,
// whatever its size; touches nothing.
Status ProbeUserRange(const volatile void* address, size_t length, size_t alignment, Access access);

}  // namespace ring3::mm
