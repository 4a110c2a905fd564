// SPDX-License-Identifier: MIT
#include "cli/host_address.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "cli/arguments.h"
#include "os/local_socket.h"
#include "transport/messages.h"

namespace ring3::cli {
namespace {

constexpr char kNameCharacters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

}  // namespace

std::string SocketOf(const std::string& name) {
  std::string wanted = name;
  const char* const variable = std::getenv(transport::kHostVariable);
  if (wanted.empty() && variable != nullptr) wanted = variable;
  if (wanted.empty()) wanted = kDefaultHost;
  if (wanted.find('/') != wanted.npos) return Absolute(wanted);
  if (wanted.find_first_not_of(kNameCharacters) != wanted.npos || wanted.front() == '.') {
    fmt::print(stderr, "ring3: '{}' is no name for a host: letters, digits and '._-' are\n", wanted);
    return {};
  }
  std::string error;
  const std::string directory = os::RuntimeDirectory(&error);
  if (directory.empty()) {
    fmt::print(stderr, "ring3: no place for the sockets of hosts: {}\n", error);
    return {};
  }
  return directory + "/" + wanted + ".sock";
}

std::string NameOf(const std::string& socket_path) {
  return std::filesystem::path(socket_path).stem().string();
}

}  // namespace ring3::cli
