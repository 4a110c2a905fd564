// SPDX-License-Identifier: MIT
#include "cli/control.h"

#include <filesystem>

#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/host_address.h"
#include "cli/list.h"
#include "host/control_text.h"
#include "os/child_process.h"
#include "os/local_socket.h"

namespace ring3::cli {
namespace {

using nlohmann::json;

std::string OtherHosts(const std::string& socket_path) {
  std::string names;
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(socket_path).parent_path(), ignored)) {
    if (entry.path().extension() != ".sock") continue;
    std::string error;
    if (!os::LocalSocket::Connect(entry.path().string(), &error).valid()) continue;
    names += names.empty() ? "" : ", ";
    names += NameOf(entry.path().string());
  }
  return names;
}

json Ask(const os::LocalSocket& socket, const json& request, std::string* error) {
  if (!socket.valid()) return nullptr;
  std::string text;
  if (!host::SendControlText(socket, request.dump()) || !host::ReceiveControlText(socket, &text)) {
    *error = "it ended, or is of another version, and did not answer";
    return nullptr;
  }
  json answer = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (answer.is_object()) return answer;
  *error = "its answer makes no sense";
  return nullptr;
}

json Ask(const std::string& socket_path, const json& request, std::string* error) {
  return Ask(os::LocalSocket::Connect(socket_path, error), request, error);
}

void ReportNoHost(const std::string& socket_path, const std::string& error) {
  fmt::print(stderr,
             "ring3: no host at {}: {}. Start one with\n"
             "    ring3 host --name {} [--driver FILE.sys]...\n",
             socket_path, error, NameOf(socket_path));
  if (const std::string others = OtherHosts(socket_path); !others.empty()) {
    fmt::print(stderr, "    These are up: {}\n", others);
  }
}

// Whether the host has done what it was asked to; where not, why is printed.
bool IsDone(const json& answer) {
  if (answer.is_null()) return false;
  if (answer.value("ok", json()) == true) return true;
  const json error = answer.value("error", json());
  fmt::print(stderr, "ring3: {}\n",
             error.is_string() ? error.get<std::string>() : "the host refused and did not say why");
  return false;
}

// JSON has no other text. Where it is otherwise, that is printed.
bool IsUtf8(const json& request) {
  try {
    (void)request.dump();
    return true;
  } catch (const json::exception&) {
    fmt::print(stderr, "ring3: a host cannot be told of a name that is not UTF-8: {}\n",
               request.dump(-1, ' ', false, json::error_handler_t::replace));
    return false;
  }
}

// The answer to a request that can be refused; null, with the reason printed.
json Demand(const std::string& host, const json& request) {
  if (!IsUtf8(request)) return nullptr;
  const std::string socket_path = SocketOf(host);
  if (socket_path.empty()) return nullptr;
  json answer = AskHost(socket_path, request);
  return IsDone(answer) ? answer : nullptr;
}

}  // namespace

json TryAskHost(const std::string& socket_path, const json& request) {
  std::string error;
  return Ask(socket_path, request, &error);
}

json AskHost(const std::string& socket_path, const json& request) {
  std::string error;
  json answer = Ask(socket_path, request, &error);
  if (answer.is_null()) ReportNoHost(socket_path, error);
  return answer;
}

int Load(const std::string& host, const std::string& driver, const std::string& service) {
  json request = {{"command", "load"}, {"driver", Absolute(driver)}};
  if (!service.empty()) request["service"] = service;
  return Demand(host, request).is_null() ? kRing3Failed : 0;
}

int Unload(const std::string& host, const std::string& service) {
  const json answer = Demand(host, {{"command", "unload"}, {"service", service}});
  if (answer.is_null()) return kRing3Failed;
  if (answer.value("pending", json()) == true) {
    fmt::print("{} goes when the last handle to its devices is closed\n", service);
  }
  return 0;
}

int List(const std::string& host, ListFormat format) {
  const json answer = Demand(host, {{"command", "list"}});
  if (answer.is_null()) return kRing3Failed;
  if (format == ListFormat::kJson) {
    fmt::print("{}\n", answer.dump(2, ' ', false, json::error_handler_t::replace));
  } else {
    fmt::print("{}", FormatInventory(answer));
  }
  return 0;
}

int Stop(const std::string& host) {
  const std::string socket_path = SocketOf(host);
  if (socket_path.empty()) return kRing3Failed;
  std::string error;
  const os::LocalSocket socket = os::LocalSocket::Connect(socket_path, &error);
  // Before it is told: to know when it has ended.
  const os::Descriptor process =
      socket.valid() ? os::OpenProcess(socket.Peer().process_id) : os::Descriptor();
  const json answer = Ask(socket, {{"command", "stop"}}, &error);
  if (answer.is_null()) ReportNoHost(socket_path, error);
  if (!IsDone(answer)) return kRing3Failed;
  if (process.valid()) os::WaitForDescriptor({process.get()});
  return 0;
}

}  // namespace ring3::cli
