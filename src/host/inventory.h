// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>

#include <nlohmann/json.hpp>

namespace ring3::host {

// Drivers and processes with what they have, for `ring3 list`:
//   "drivers": [{"service", "image", "devices": [{"name", "open_files", "references", "attached_to"?}]}]
//   "processes": [{"id", "linux_process"?, "image", "threads", "handles": […], "shared": […]}]
//     handles  {"handle", "type", "access", "name"}
//     shared   {"address", "bytes", "rights": "read-only" or "read-write", "system_address"?,
//               "kind": "driver memory" or "locked pages", "by"}
// Each is as it was at some moment, not all at the same one. `linux_processes`: by the executive's id.
// PASSIVE_LEVEL, in the system process.
nlohmann::json CollectInventory(const std::map<uint64_t, int>& linux_processes);

}  // namespace ring3::host
