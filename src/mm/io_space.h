// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/result.h"
#include "mm/layout.h"

// Simulated device memory, by physical address. The holes of simulated RAM ([0xA0000, 1 MiB) and [3 GiB, 4
// GiB)) are device memory always; a range above RAM becomes it when it is registered or first mapped. It
// starts as zeros, and every mapping of a physical address shows the same bytes, so that a test plays the
// device by mapping it too.
namespace ring3::mm {

// Makes [physical_address, +byte_count) device memory. STATUS_CONFLICTING_ADDRESSES where RAM is in it.
Status RegisterIoRange(uint64_t physical_address, uint64_t byte_count);

// The executive's own address of registered device memory; null where it is not.
void* AddressOfIoRange(uint64_t physical_address, uint64_t byte_count);

}  // namespace ring3::mm
