// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace ring3::cli {

// The answer to a "list" request (host/inventory.h) as tables. Anything that is missing in it, or of another
// kind than expected, is shown as empty.
std::string FormatInventory(const nlohmann::json& inventory);

}  // namespace ring3::cli
