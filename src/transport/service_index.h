// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// Included after nt/services.h.
namespace ring3::transport {

// A service's number on the channel: its place in the table.
enum ServiceIndex : uint32_t {
#define RING3_NUMBER_SERVICE(name, parameters) k##name,
  RING3_NT_SERVICES(RING3_NUMBER_SERVICE)
#undef RING3_NUMBER_SERVICE
      kServiceCount
};

}  // namespace ring3::transport
