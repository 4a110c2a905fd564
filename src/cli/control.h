// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace ring3::cli {

// Control requests (host/control.h) to a host that is up, over its socket. Null where it did not answer;
// AskHost has printed why then. An answer is an object.
nlohmann::json AskHost(const std::string& socket_path, const nlohmann::json& request);
nlohmann::json TryAskHost(const std::string& socket_path, const nlohmann::json& request);

// The commands; `host` as for SocketOf. They return an exit status.
int Load(const std::string& host, const std::string& driver, const std::string& service);
int Unload(const std::string& host, const std::string& service);
enum class ListFormat : uint8_t { kTable, kJson };
int List(const std::string& host, ListFormat format);
int Stop(const std::string& host);

}  // namespace ring3::cli
