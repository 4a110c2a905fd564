// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace ring3::cli {

inline constexpr char kDefaultHost[] = "default";

// The socket of the host that is called `name`, or at that path (it has a slash); empty: the one that
// RING3_HOST names, or else the default one. Empty, with the reason printed, where there can be none.
std::string SocketOf(const std::string& name);

// The name of the host whose socket that is.
std::string NameOf(const std::string& socket_path);

}  // namespace ring3::cli
