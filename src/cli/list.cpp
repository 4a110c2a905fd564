// SPDX-License-Identifier: MIT
#include "cli/list.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace ring3::cli {
namespace {

using nlohmann::json;

// Columns as wide as their widest cell.
class Table {
 public:
  explicit Table(std::vector<std::string> titles) : widths_(titles.size()) { Add(std::move(titles)); }

  void Add(std::vector<std::string> cells) {
    for (size_t i = 0; i < widths_.size(); ++i) widths_[i] = std::max(widths_[i], cells[i].size());
    rows_.push_back(std::move(cells));
  }

  // With its heading; nothing where there is no row.
  std::string Text(const std::string& heading) const {
    if (rows_.size() == 1) return {};
    std::string text = "\n" + heading + "\n";
    for (const std::vector<std::string>& row : rows_) {
      std::string line = " ";
      for (size_t i = 0; i < row.size(); ++i) line += fmt::format(" {:<{}} ", row[i], widths_[i]);
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
    return text;
  }

 private:
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

std::string Text(const json& object, const char* key) {
  const json value = object.is_object() ? object.value(key, json()) : json();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  return {};
}

std::string Hex(const json& object, const char* key, int digits) {
  const json value = object.is_object() ? object.value(key, json()) : json();
  if (!value.is_number_unsigned() && !value.is_number_integer()) return "-";
  return fmt::format("{:#0{}x}", value.get<uint64_t>(), digits + 2);
}

std::string Size(const json& object, const char* key) {
  const json value = object.is_object() ? object.value(key, json()) : json();
  if (!value.is_number_integer()) return {};
  const auto byte_count = value.get<uint64_t>();
  constexpr uint64_t kMebibyte = uint64_t{1} << 20;
  if (byte_count >= kMebibyte && byte_count % kMebibyte == 0)
    return fmt::format("{} MiB", byte_count / kMebibyte);
  return fmt::format("{} KiB", byte_count / 1024);
}

json Items(const json& object, const char* key) {
  json value = object.is_object() ? object.value(key, json()) : json();
  return value.is_array() ? value : json::array();
}

std::string OfDrivers(const json& inventory) {
  Table drivers({"DRIVER", "DEVICES", "IMAGE"});
  Table devices({"DEVICE", "DRIVER", "OPEN", "REFERENCES", "ATTACHED TO"});
  for (const json& driver : Items(inventory, "drivers")) {
    const json of_driver = Items(driver, "devices");
    drivers.Add({Text(driver, "service"), std::to_string(of_driver.size()), Text(driver, "image")});
    for (const json& device : of_driver) {
      const std::string name = Text(device, "name");
      devices.Add({name.empty() ? "(unnamed)" : name, Text(driver, "service"), Text(device, "open_files"),
                   Text(device, "references"), Text(device, "attached_to")});
    }
  }
  return drivers.Text("Drivers") + devices.Text("Devices");
}

std::string OfProcesses(const json& inventory) {
  Table processes({"PROCESS", "LINUX", "THREADS", "HANDLES", "IMAGE"});
  Table handles({"PROCESS", "HANDLE", "TYPE", "ACCESS", "OBJECT"});
  Table shared({"PROCESS", "AT", "SIZE", "RIGHTS", "SYSTEM ADDRESS", "WHAT", "BY"});
  for (const json& process : Items(inventory, "processes")) {
    const std::string id = Text(process, "id");
    const json of_process = Items(process, "handles");
    const std::string linux_process = Text(process, "linux_process");
    processes.Add({id, linux_process.empty() ? "-" : linux_process, Text(process, "threads"),
                   std::to_string(of_process.size()), Text(process, "image")});
    for (const json& handle : of_process) {
      handles.Add({id, Hex(handle, "handle", 0), Text(handle, "type"), Hex(handle, "access", 8),
                   Text(handle, "name")});
    }
    for (const json& region : Items(process, "shared")) {
      shared.Add({id, Hex(region, "address", 12), Size(region, "bytes"), Text(region, "rights"),
                  Hex(region, "system_address", 12), Text(region, "kind"), Text(region, "by")});
    }
  }
  return processes.Text("Processes") + handles.Text("Handles") + shared.Text("Shared memory");
}

}  // namespace

std::string FormatInventory(const json& inventory) {
  const json host = inventory.is_object() ? inventory.value("host", json()) : json();
  return fmt::format("Host {}, process {}, {}\n", Text(host, "name"), Text(host, "process"),
                     Text(host, "socket")) +
         OfDrivers(inventory) + OfProcesses(inventory);
}

}  // namespace ring3::cli
