// SPDX-License-Identifier: MIT
#include "host/control.h"

#include <ntstatus.h>

#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "boot/load_reason.h"
#include "host/inventory.h"
#include "host/server.h"
#include "io/driver_list.h"
#include "ke/bugcheck_text.h"
#include "os/process.h"
#include "ps/process.h"
#include "ring3/executive.h"
#include "rtl/unicode_text.h"

namespace ring3::host {
namespace {

using nlohmann::json;

json Failure(std::string text) {
  return {{"ok", false}, {"error", std::move(text)}};
}

// Where a request has no text of this name: empty.
std::string Text(const json& request, const char* key) {
  const auto found = request.find(key);
  return found != request.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json Load(Server& server, const json& request) {
  const std::string driver = Text(request, "driver");
  if (driver.empty()) return Failure("no driver is named");
  std::string error;
  const NTSTATUS status = server.executive().LoadDriver(driver, Text(request, "service"), &error);
  if (NT_SUCCESS(status)) return {{"ok", true}};
  return Failure(fmt::format("{} was not loaded: {}", driver, boot::LoadReason(status, driver, error)));
}

bool IsLoaded(const std::string& service) {
  return io::g_drivers.Find(rtl::Utf16FromUtf8(service)) != nullptr;
}

json Unload(Server& server, const json& request) {
  const std::string service = Text(request, "service");
  if (service.empty()) return Failure("no service is named");
  const NTSTATUS status = server.executive().UnloadDriver(service);
  if (NT_SUCCESS(status)) return {{"ok", true}, {"pending", IsLoaded(service)}};
  switch (status) {
    case STATUS_OBJECT_NAME_NOT_FOUND:
      return Failure(fmt::format("no driver of the name {} is loaded", service));
    case STATUS_INVALID_DEVICE_REQUEST:
      return Failure(fmt::format("{} cannot be unloaded: it has no DriverUnload, or goes already", service));
    default:
      return Failure(fmt::format("{} was not unloaded: {:#010x} {}", service, static_cast<unsigned>(status),
                                 ke::StatusName(status)));
  }
}

json List(Server& server) {
  std::map<uint64_t, int> linux_processes;
  for (const auto& client : server.Clients()) {
    if (const uint64_t id = client->executive_id(); id != 0)
      linux_processes[id] = client->peer().process_id();
  }
  json answer = CollectInventory(linux_processes);
  answer["ok"] = true;
  answer["host"] = {
      {"name", server.name()}, {"process", os::CurrentProcessId()}, {"socket", server.socket_path()}};
  return answer;
}

json Answer(Server& server, std::string_view text) {
  const json request = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!request.is_object()) return Failure("the request is no JSON object");
  const std::string command = Text(request, "command");
  if (command == "load") return Load(server, request);
  if (command == "unload") return Unload(server, request);
  if (command == "list") return List(server);
  if (command == "clients") return {{"ok", true}, {"seen", server.clients_seen()}};
  if (command == "stop") {
    server.Stop();
    return {{"ok", true}};
  }
  return Failure(fmt::format("no command '{}'", command));
}

}  // namespace

std::string AnswerControlRequest(Server& server, std::string_view request) {
  // Names may hold anything.
  return Answer(server, request).dump(-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace);
}

}  // namespace ring3::host
